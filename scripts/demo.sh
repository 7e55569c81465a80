#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo: install what is missing, build, boot a stock kernel in QEMU and
# run scripts/demo/guest.sh in it, which does the explaining. This file owns
# what happens before; status 0 only if the demonstration says it succeeded.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

cd "$DIPC_TOP"
[ -x scripts/demo/guest.sh ] || die 'scripts/demo/guest.sh is missing'
say 'this takes a minute the first time: tools, a kernel, a build, a boot'
export KERNEL=${KERNEL:-6.1} TIMEOUT=${TIMEOUT:-300}
CMD=scripts/demo/guest.sh exec scripts/vm.sh
