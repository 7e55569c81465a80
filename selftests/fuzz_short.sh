#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# suite-timeout: 120
#
# Random programs of the fuzzer for a short while, always those of the same
# seed: the kernel does not report, every task ends, and nothing is left. What
# else the programs give does not matter. DIPC_SEED and DIPC_SECONDS for others.

seconds=15
[ "${DIPC_SLOW:-1}" = 1 ] || seconds=60
exec "$(dirname "$0")/fuzz/fuzz" -T -J 4 -s "${DIPC_SEED:-1}" \
	-t "${DIPC_SECONDS:-$seconds}"
