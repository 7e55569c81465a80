#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make bench: what messages cost, in instructions. A stock kernel in a guest
# whose clock counts instructions, one run of dipc-bench in it, and tables,
# CSV, JSON and plots of that in build/bench.
# BENCH='A B' (peers), WORKS, SIZES, CGROUPS ('own root'): only these. KERNEL.
# It measures and asserts nothing. Documentation/benchmark.md has the method.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export KERNEL=${KERNEL:-6.1}
cd "$DIPC_TOP"
out=$DIPC_BUILD/bench
mkdir -p "$out"
scripts/deps.sh build vm
scripts/kernel.sh "$KERNEL" >/dev/null
unset MAKEFLAGS MFLAGS MAKELEVEL
log=$out/build.log
{ scripts/module.sh build && make -j "$(nproc)" bench_program; } >"$log" 2>&1 ||
	{ cat "$log" >&2; die "it did not build"; }

options=(--icount --csv --cgroups "${CGROUPS:-own root}")
[ -z "${BENCH:-}" ] || options+=(--peers "$BENCH")
[ -z "${WORKS:-}" ] || options+=(--works "$WORKS")
[ -z "${SIZES:-}" ] || options+=(--sizes "$SIZES")

# shellcheck disable=SC2016	# for the guest's shell
guest='. '"$DIPC_TOP"'/bench/guest.sh; exec "$DIPC_USER/bench/dipc-bench" '"${options[*]@Q}"
say "kernel $KERNEL; this takes some minutes, and is kept in ${out#"$DIPC_TOP"/}"
status=0
scripts/vm/boot.sh --kernel "$KERNEL" --name bench --icount --append norandmaps \
	--timeout "${TIMEOUT:-3000}" -- "$guest" >"$out/raw" || status=$?
grep -E '^(cgroup|own|root|here),' "$out/raw" >"$out/bench.csv" || true
grep -vE '^(cgroup|own|root|here),' "$out/raw" >&2 || true
[ "$(wc -l <"$out/bench.csv")" -gt 1 ] || die "no figures (status $status); see $out/raw"
/usr/bin/python3 bench/report.py "$out/bench.csv" "$out"
exit "$status"
