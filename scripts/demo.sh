#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo: install what is missing, build, boot a stock kernel in QEMU and
# run scripts/demo/guest.sh in it, which does the explaining. This file owns
# what happens before; status 0 only if the demonstration says it succeeded.
# KERNEL (6.1), TIMEOUT (300), NO_COLOR.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

cd "$DIPC_TOP"
export KERNEL=${KERNEL:-6.1}
unset KDIR MAKEFLAGS MFLAGS MAKELEVEL
log=$DIPC_BUILD/demo.log
mkdir -p "$DIPC_BUILD"

# step WHAT COMMAND…: its output only if it fails.
step()
{
	local what=$1 t0=$SECONDS
	shift

	say "$what"
	if ! "$@" >"$log" 2>&1 </dev/null; then
		tail -n 60 "$log" >&2
		die "that failed (all of it is in build/demo.log)"
	fi
	[ $((SECONDS - t0)) -lt 5 ] || say "  done in $((SECONDS - t0)) s"
}

say 'nothing of this touches your own kernel; the first time takes some minutes'
# These two tell what they do, where there is something to do.
scripts/deps.sh build vm
scripts/kernel.sh "$KERNEL" >/dev/null
kernel_env
step "building the module for $KREL" scripts/module.sh build
step 'building libipc, its examples and ipcctl' make -j "$(nproc)" user

args=(--kernel "$KERNEL" --name demo --timeout "${TIMEOUT:-300}")
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	args+=(--env DEMO_COLOUR=1)
fi
say "booting Linux $KREL in QEMU, which takes some seconds"
status=0
scripts/vm/boot.sh "${args[@]}" -- "exec '$DIPC_TOP/scripts/demo/guest.sh'" || status=$?
if [ "$status" = 0 ]; then
	say "success; 'make vm' gives a shell in such a machine, to try things out"
else
	say "the demonstration failed (status $status)"
fi
exit "$status"
