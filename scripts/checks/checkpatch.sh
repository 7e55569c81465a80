#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's style checker has no complaint about kmod/ and uapi/ but those
# that scripts/checkpatch.sh names with a reason.

exec "$(dirname "$0")/../checkpatch.sh"
