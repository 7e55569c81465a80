#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make fuzz: random programs (selftests/fuzz) in a guest, with a look for lost
# memory in the end; see Documentation/fuzzing.md. KERNEL (debug), DIPC_SECONDS
# (600), DIPC_SEED (drawn), JOBS (4) at once; FUZZ_ARGS, more options. LEAKS=0:
# without the look for lost memory, whose bookkeeping takes a third of the time.
# If the kernel reports, the program that it was is made short: a guest for
# each step on that way, BOOTS (30) at most. All is left in build/fuzz/SEED.
# Status 0: nothing was found.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export KERNEL=${KERNEL:-debug}
seconds=${DIPC_SECONDS:-600} jobs=${JOBS:-4} boots=${BOOTS:-30}
seed=${DIPC_SEED:-$((RANDOM << 15 | RANDOM))}
cd "$DIPC_TOP"
unset MAKEFLAGS MFLAGS MAKELEVEL
kernel_env
if [ "${BUILD:-1}" = 1 ]; then
	say 'building the module and the tests'
	scripts/module.sh build >/dev/null
	make -j "$(nproc)" tests >/dev/null
fi
dir=$DIPC_BUILD/fuzz/$seed
rm -rf "$dir"
mkdir -p "$dir"

# guest SECONDS COMMAND: what it leaves in /run/dipc/out comes here.
guest()
{
	scripts/vm/boot.sh --kernel "$KERNEL" --name fuzz --bring "$dir" \
		--append "$append" --timeout "$1" -- "fuzz=\$DIPC_USER/selftests/dipc/fuzz/fuzz out=/run/dipc/out dir=$dir; $2" </dev/null
}

# In the guest: who has allocated what nobody has any more?
# shellcheck disable=SC2016	# for the guest's shell
leaks='leaks=/sys/kernel/debug/kmemleak
[ $status = 0 ] && [ -w $leaks ] || exit $status
rmmod dipc && sleep 6 && echo scan >$leaks && sleep 1 && echo scan >$leaks || exit 2
grep -B 20 -A 3 "\[dipc\]" $leaks && exit 4
exit 0'
append=''
if [ "${LEAKS:-1}" = 0 ]; then
	# shellcheck disable=SC2016	# for the guest's shell
	append=kmemleak=off leaks='[ $status = 0 ] || exit $status; rmmod dipc'
fi

say "seed $seed, $seconds s, $jobs jobs at once, kernel $KERNEL"
status=0
guest $((seconds + 120 * KSLOW)) "\$fuzz -s $seed -t $seconds -J $jobs -d \$out ${FUZZ_ARGS:-}
status=\$?; $leaks" | tee "$dir/log" || status=$?
cp "$DIPC_BUILD/vm/fuzz.console" "$dir/console" 2>/dev/null || true
if [ -x selftests/fuzz/errnos.py ]; then
	selftests/fuzz/errnos.py "$dir/log" >"$dir/errnos" || true
	say "errors that the documentation knows, and whether they occurred: ${dir#"$PWD/"}/errnos"
fi
case $status in
0)	say "nothing was found in $seconds s with seed $seed"; exit 0 ;;
3|124|125|126) ;;
*)	say "status $status: see ${dir#"$PWD/"}/log"; exit 1 ;;
esac

# Which of the programs was it? Those that were running, one after the other.
say 'the kernel reported, or is gone: which program was it?'
# shellcheck disable=SC2016	# for the guest's shell
again='for f in $(ls $dir/found.* $dir/last.* 2>/dev/null); do
	echo "$f" >$out/trying
	$fuzz -S "$f" >$out/trial 2>&1 || [ $? != 3 ] || exit 3
done
exit 0'
status=0
guest $((600 * KSLOW)) "$again" || status=$?
if [ "$status" = 0 ] || [ ! -s "$dir/trying" ]; then
	say "no program alone does it again; all that ran last is in ${dir#"$PWD/"}"
	exit 1
fi
cp "$(cat "$dir/trying")" "$dir/best"
rm -f "$dir/tried" "$dir/current"

# The machine starts again after each success; what was tried is not repeated.
for ((boot = 1; boot <= boots; boot++)); do
	say "shorter, guest $boot of at most $boots: $(grep -c '\.' "$dir/best") steps"
	status=0
	# shellcheck disable=SC2016	# for the guest's shell
	guest $((600 * KSLOW)) 'cp $dir/best $dir/tried $out/ 2>/dev/null
		exec $fuzz -K -S $out/best -d $out' >"$dir/shorter" 2>&1 || status=$?
	case $status in
	3)	;;
	124|125) [ ! -s "$dir/current" ] || mv "$dir/current" "$dir/best" ;;
	*)	break ;;
	esac
done
say "as short as it gets (${dir#"$PWD/"}/best):"
cat "$dir/best"
exit 1
