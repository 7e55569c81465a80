#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check: install what is missing, build, run the static checks (each is
# a test: the builds, and every program in scripts/checks/), then every suite
# of selftests/ in a guest. Ends with "N passed, N failed"; status 0 only if
# nothing failed and nothing was lost. KERNEL (6.1); TESTS: only these, in this
# order. WITHIN: seconds after which no other suite is begun; what is left then
# is skipped.
# On a kernel with checkers (debug, kcsan) the limits of time are longer, memory
# that the module leaked (kmemleak) is a failure of the suite after which it
# was found, and the checkers are tested first (checkers.sh).
# What a suite needs from here it says in its first 40 lines:
#   suite-timeout: SECONDS    kmsg-allow: REGEX    kmsg-allow-oom

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export KERNEL=${KERNEL:-6.1}
unset KDIR MAKEFLAGS MFLAGS MAKELEVEL
cd "$DIPC_TOP"
out=$DIPC_BUILD/check/$KERNEL
rm -rf "$out"
mkdir -p "$out"
passed=0 failed=0 skipped=0
broken=()

scripts/deps.sh check
kernel_env
# shellcheck disable=SC1090
. <(scripts/kernel.sh source)
export KDIR_CHECK=$KDIR KREL KSOURCE DIPC_OBJ

# Which were asked for; a name that is nothing is an error, not an empty run.
mapfile -t checks < <(find scripts/checks -maxdepth 1 -type f -perm -u+x -printf '%f\n' 2>/dev/null |
		      sed 's/\.[a-z]*$//' | sort)
mapfile -t suites < <(find selftests -maxdepth 1 \( -name '*.c' -o -name '*.sh' \) -printf '%f\n' |
		      sed 's/\.[a-z]*$//' | sort)
wanted()
{
	[ -z "${TESTS:-}" ] || [[ " $TESTS " = *" $1 "* ]]
}
for name in ${TESTS:-}; do
	[[ " build sparse checkers ${checks[*]} ${suites[*]} " = *" $name "* ]] ||
		die "no suite or check '$name'; suites: ${suites[*]}; checks: build sparse checkers ${checks[*]}"
done

verdict()
{
	local colour=$1 word=$2 name=$3 seconds=$4

	if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
		word=$'\e['"$colour"m$word$'\e[0m'
	fi
	printf '  %b  %s (%s s)\n' "$word" "$name" "$seconds"
}

# static NAME COMMAND…: one check; what it says is shown if it fails.
static()
{
	local name=$1 t0=$SECONDS log=$out/$1.log
	shift

	if timeout -k 10 900 "$@" >"$log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		verdict 32 'ok  ' "$name" $((SECONDS - t0))
	else
		failed=$((failed + 1))
		broken+=("$name")
		tail -n 60 "$log" | sed 's/^/        /'
		verdict 31 FAIL "$name" $((SECONDS - t0))
		return 1
	fi
}

close()
{
	local line="$passed passed, $failed failed"

	[ "$skipped" = 0 ] || line+=", $skipped skipped"
	echo "$passed $failed $skipped" >"$out/counts"
	[ ${#broken[@]} = 0 ] || printf 'Failed outside of the guest: %s\n' "${broken[*]}"
	echo "$line"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ] || exit 1
	exit 0
}

echo "== dipc on $KREL: builds and static checks"
buildable=1
static module scripts/module.sh build || buildable=''
static user make -j "$(nproc)" user || buildable=''
static tests make -j "$(nproc)" tests || buildable=''
# The first build was perhaps of old objects; sparse looks at all, each time.
if [ -n "$buildable" ] && wanted sparse; then
	if [ "$KERNEL" = rt ]; then
		skipped=$((skipped + 1))
		echo '  skip  sparse: spinlocks of a real-time kernel are not annotated'
	else
		static sparse scripts/module.sh sparse || true
	fi
fi
for program in scripts/checks/*; do
	name=$(basename "${program%.*}")
	if [ -x "$program" ] && wanted "$name"; then
		static "$name" "$program" || true
	fi
done

if [ -n "$KCHECKS" ] && [ "$KERNEL" != coverage ] && wanted checkers; then
	static checkers scripts/checkers.sh || true
fi

# The plan: what is to be run, for the guest and for the judge.
plan=$out/plan
: >"$plan"
planned=("${suites[@]}")
if [ -n "${TESTS:-}" ]; then
	# shellcheck disable=SC2086	# a list of words
	mapfile -t planned < <(printf '%s\n' $TESTS | awk '!seen[$0]++')
fi
for name in "${planned[@]}"; do
	[[ " ${suites[*]} " = *" $name "* ]] || continue
	source=selftests/$name.c where=$name
	[ -f "$source" ] || { source=selftests/$name.sh; where=$name.sh; }
	head=$(head -n 40 "$source")
	seconds=$(sed -n 's/.*suite-timeout: *\([0-9]*\).*/\1/p' <<<"$head" | head -n1)
	[ -n "$seconds" ] || seconds=$(sed -n 's/^timeout=//p' selftests/settings)
	oom=$(sed -n 's/.*kmsg-allow-oom.*/ oom/p' <<<"$head" | head -n1)
	allow=$(sed -n 's/.*kmsg-allow: *\(.*[^ */]\).*/ allow=\1/p' <<<"$head" | head -n1)
	echo "$name $((${seconds:-240} * KSLOW)) $where$oom$allow" >>"$plan"
done
count=$(wc -l <"$plan")
if [ "$count" = 0 ]; then
	[ -n "${TESTS:-}" ] || { failed=$((failed + 1)); broken+=('no suites'); }
	close
fi
if [ -z "$buildable" ]; then
	failed=$((failed + count))
	broken+=("$count suites, which could not be built")
	close
fi

echo "== dipc on $KREL: $count suites in a guest"
mkdir -p "$DIPC_BUILD/user/vm"
if [ ! "$DIPC_BUILD/user/vm/suites" -nt scripts/vm/suites.c ]; then
	gcc -O2 -Wall -Wextra -o "$DIPC_BUILD/user/vm/suites.$$" scripts/vm/suites.c
	mv "$DIPC_BUILD/user/vm/suites.$$" "$DIPC_BUILD/user/vm/suites"
fi
environment=(--env KSOURCE="$KSOURCE")
[ "$KSLOW" = 1 ] || environment+=(--env DIPC_ROUNDS=200)
# What a suite printed, to see the same once more.
for name in DIPC_SEED DIPC_SECONDS; do
	[ -z "${!name:-}" ] || environment+=(--env "$name=${!name}")
done
if [ -n "${WITHIN:-}" ]; then
	environment+=(--env DIPC_WITHIN=$((WITHIN > SECONDS ? WITHIN - SECONDS : 1)))
fi
# Paths are the guest's: a copy of the programs, whose place boot.sh decides.
limit=$(awk -v slow="$KSLOW" '{ s += $2 + 15 * slow } END { print s + 300 * slow }' "$plan")
# shellcheck disable=SC2016	# for the guest's shell
guest='sed "s| \([0-9]*\) | \1 $DIPC_USER/selftests/dipc/|" '"'$plan'"' >/run/plan && suites /run/plan'
bring=()
if [ "$KERNEL" = coverage ]; then
	# What the module counted, also before it was unloaded.
	mkdir -p "$out/gcov"
	guest+=' && cp -r /sys/kernel/debug/gcov/. /run/dipc/out'
	bring=(--expect-reports --env DIPC_NO_LEAKS=1 --bring "$out/gcov")
fi
stream=$out/stream
mkfifo "$stream"
# shellcheck disable=SC2086	# a list of words
scripts/vm/boot.sh --kernel "$KERNEL" --name "check-$KERNEL" --no-module \
	--timeout "$limit" "${environment[@]}" "${bring[@]}" ${VM_ARGS:-} -- "$guest" >"$stream" 2>"$out/boot" </dev/null &
boot=$!
verbose=()
[ "${V:-0}" != 1 ] || verbose=(--verbose)
judged=0
scripts/report.py --plan "$plan" --counts "$out/guest" --log "$out/log" \
	--stall $((60 * KSLOW)) "${verbose[@]}" <"$stream" || judged=$?
# Gone silent, it will not end by itself.
[ "$judged" -lt 2 ] || kill "$boot" 2>/dev/null || true
guest_status=0
wait "$boot" || guest_status=$?
rm -f "$stream"
if [ -s "$out/boot" ]; then
	sed 's/^/  /' "$out/boot"
fi
if [ -s "$out/guest" ]; then
	read -r p f s <"$out/guest"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
else
	failed=$((failed + count))
	broken+=("the judge of the suites, status $judged")
fi
# The judge may have been content with a guest that died after its last word.
if [ "$guest_status" != 0 ] && [ "$judged" = 0 ]; then
	failed=$((failed + 1))
	broken+=("the guest, status $guest_status")
fi
close
