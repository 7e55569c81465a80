#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's checkpatch.pl over the files of kmod/ and uapi/ (or over those
# that are named), with the kinds of complaint that do not fit an out-of-tree
# module left out. Not part of make check: it is advice.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

cd "$DIPC_TOP"
# shellcheck disable=SC1090
. <(scripts/kernel.sh source)
[ $# -gt 0 ] || set -- kmod/*.[ch] uapi/linux/*.h
status=0
for file; do
	perl "$KSOURCE/scripts/checkpatch.pl" --no-tree --terse --strict --quiet \
		--show-types --max-line-length=100 \
		--ignore FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE,CONFIG_DESCRIPTION \
		-f "$file" || status=1
done
exit "$status"
