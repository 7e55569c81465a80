#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make bench: what messages cost, in instructions. A stock kernel in a guest
# whose clock counts instructions, one run of dipc-bench in it, and tables,
# CSV, JSON and plots of that in build/bench.
# BENCH='A B' (peers), WORKS, SIZES: only these. SCALE=1: only what many of
# something cost. CGROUPS ('own root'), KERNEL.
# It measures and asserts nothing. Documentation/benchmark.md has the method.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export KERNEL=${KERNEL:-6.1}
ROOT_SIZES='64 65536 1048576'	# where memory is charged to nobody
cd "$DIPC_TOP"
out=$DIPC_BUILD/bench
mkdir -p "$out"
scripts/deps.sh build vm
scripts/kernel.sh "$KERNEL" >/dev/null
unset MAKEFLAGS MFLAGS MAKELEVEL
log=$out/build.log
{ scripts/module.sh build && make -j "$(nproc)" bench_program; } >"$log" 2>&1 ||
	{ cat "$log" >&2; die "it did not build"; }

# One run of the program a cgroup, and one for what there is many of.
runs=()
for cgroup in ${CGROUPS:-own root}; do
	options=(--icount --csv --cgroups "$cgroup")
	[ -z "${BENCH:-}" ] || options+=(--peers "$BENCH")
	[ -z "${WORKS:-}" ] || options+=(--works "$WORKS")
	sizes=${SIZES:-}
	[ "$cgroup" != root ] || sizes=${SIZES:-$ROOT_SIZES}
	[ -z "$sizes" ] || options+=(--sizes "$sizes")
	runs+=("${options[*]@Q}")
done
scale=(--icount --csv --scale --cgroups own)
[ -z "${SCALE:-}" ] || runs=()
[ -n "${BENCH:-}${WORKS:-}${SIZES:-}" ] || runs+=("${scale[*]@Q}")

guest=". '$DIPC_TOP/bench/guest.sh'"
for run in "${runs[@]}"; do
	guest+="; \"\$DIPC_USER/bench/dipc-bench\" $run || exit"
done
say "kernel $KERNEL; this takes some minutes, and is kept in ${out#"$DIPC_TOP"/}"
status=0
scripts/vm/boot.sh --kernel "$KERNEL" --name bench --icount --append norandmaps \
	--timeout "${TIMEOUT:-3000}" -- "$guest" >"$out/raw" || status=$?
grep -aE '^(cgroup|own|root|here),' "$out/raw" >"$out/bench.csv" || true
grep -avE '^(cgroup|own|root|here),' "$out/raw" >&2 || true
[ "$(wc -l <"$out/bench.csv")" -gt 1 ] || die "no figures (status $status); see $out/raw"
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 bench/report.py "$out/bench.csv" "$out"
exit "$status"
