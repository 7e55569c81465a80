#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make profile BENCH=PEER WORKS=WORK SIZES=BYTES: to which functions the
# instructions of one operation belong: of the kernel, of the module, of the
# program. One cell of the benchmark (dipc-bench --list names peers and works),
# counted by a plugin of QEMU's translator. CGROUPS=root, KERNEL.
# The table is printed and kept in build/profile.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export KERNEL=${KERNEL:-6.1}
cd "$DIPC_TOP"
out=$DIPC_BUILD/profile
mkdir -p "$out/bin"
scripts/deps.sh build vm
scripts/kernel.sh "$KERNEL" >/dev/null
unset MAKEFLAGS MFLAGS MAKELEVEL
{
	scripts/module.sh build
	make -j "$(nproc)" bench_program
	"${CC:-gcc}" -O2 -Wall -shared -fPIC -fvisibility=hidden \
		-o "$out/count.so" scripts/profile/count.c
} >"$out/build.log" 2>&1 || { cat "$out/build.log" >&2; die "it did not build"; }

# boot.sh starts QEMU by its name, and gets it with the plugin.
rm -f "$out/counts"
cat >"$out/bin/qemu-system-x86_64" <<END
#!/bin/sh
exec $(printf '%q' "$(command -v qemu-system-x86_64)") -plugin $(printf '%q' "$out/count.so"),out=$(printf '%q' "$out/counts") "\$@"
END
chmod +x "$out/bin/qemu-system-x86_64"

options=(--icount --runs 1 --csv --cgroups "${CGROUPS:-own}" --peers "${BENCH:-call}"
	 --works "${WORKS:-round_trip}" --sizes "${SIZES:-64}")
# shellcheck disable=SC2016	# for the guest's shell
guest='. '"$DIPC_TOP"'/bench/guest.sh; "$DIPC_USER/bench/dipc-bench" '"${options[*]@Q}"' &&
	cat /proc/kallsyms >/run/dipc/out/kallsyms'
PATH=$out/bin:$PATH scripts/vm/boot.sh --kernel "$KERNEL" --name profile --icount \
	--append norandmaps --bring "$out" --timeout "${TIMEOUT:-900}" -- "$guest" >"$out/raw" ||
	{ cat "$out/raw" >&2; die "the guest failed"; }
figures=$(grep -E '^(own|root|here),' "$out/raw" || true)
case $(grep -c . <<<"$figures") in
0)	cat "$out/raw" >&2; die "nothing was measured" ;;
1)	;;
*)	die "one peer, one work, one size, please: $(cut -d, -f2,3,4 <<<"$figures" | tr '\n' ' ')" ;;
esac
[ -s "$out/counts" ] || die "this QEMU has counted nothing; has it plugins of version 1?"
IFS=, read -r cgroup peer work bytes _ median _ _ _ n _ <<<"$figures"
{
	echo "$work of $peer, $bytes bytes, cgroup $cgroup; its clock says $median"
	/usr/bin/python3 scripts/profile/attribute.py "$out/counts" "$out/kallsyms" \
		"$DIPC_BUILD/user/bench/dipc-bench" "$n"
} | tee "$out/$work.$peer.$bytes"
