#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make vm: bring everything up to date quietly, then a guest with dipc loaded:
# a terminal, or with CMD the output and the status of that command.
# KERNEL (6.1), TIMEOUT, VM_ARGS (options of vm/boot.sh). Without a terminal
# on standard input and without CMD, the input is the script that is run.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export KERNEL=${KERNEL:-6.1}
cd "$DIPC_TOP"
scripts/deps.sh build vm

# quietly WHAT COMMAND…: its output only if it fails.
quietly()
{
	local what=$1 out
	shift

	if [ "${V:-0}" = 1 ]; then
		"$@" >&2 || die "$what did not build"
	elif ! out=$("$@" 2>&1); then
		printf '%s\n' "$out" >&2
		die "$what did not build"
	fi
}

# These may take long, and say so.
scripts/kernel.sh "$KERNEL" >/dev/null
scripts/kernel.sh source >/dev/null
unset MAKEFLAGS MFLAGS MAKELEVEL
quietly 'the module' scripts/module.sh build
quietly 'the user programs' make -j "$(nproc)" user tests

# For the Makefile; without it make's own status is 2.
so=build/user/vm/status.so
if [ ! "$so" -nt scripts/vm/status.c ] && mkdir -p "${so%/*}"; then
	if gcc -O2 -Wall -Wextra -shared -fPIC -o "$so.$$" scripts/vm/status.c 2>/dev/null; then
		mv "$so.$$" "$so"
	fi
fi

args=(--kernel "$KERNEL")
[ -z "${TIMEOUT:-}" ] || args+=(--timeout "$TIMEOUT")
# shellcheck disable=SC2206	# a list of words
args+=(${VM_ARGS:-})
if [ -n "${CMD:-}" ]; then
	exec scripts/vm/boot.sh "${args[@]}" -- "$CMD"
elif [ -t 0 ]; then
	say "kernel $KERNEL starts; 'exit' ends it"
	exec scripts/vm/boot.sh "${args[@]}"
else
	exec scripts/vm/boot.sh "${args[@]}" -- "$(cat)"
fi
