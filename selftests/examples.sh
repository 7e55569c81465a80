#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The examples of libipc as a user runs them, with ipcctl. The tests are kept
# with the library; this only says where things are.
#
# suite-timeout: 600

set -u
if [ -z "${DIPC_TOP:-}" ] || [ -z "${DIPC_USER:-}" ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP libipc and its examples are not part of a kernel tree"
	exit 4
fi
exec "$DIPC_TOP/libipc/tests/examples_test.sh" "$DIPC_USER/libipc/examples"
