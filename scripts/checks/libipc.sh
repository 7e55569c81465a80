#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What libipc and ipcctl can test of themselves without the module.

set -euo pipefail
cd "$(dirname "$0")/../.."
build=$PWD/build/user

exec 9>build/.lock.user
flock -w 900 9
make -C libipc O="$build/libipc" check 9>&-
if grep -q '^check:' ipcctl/Makefile; then
	make -C ipcctl O="$build/ipcctl" LIBIPC_DIR="$build/libipc" check 9>&-
fi
