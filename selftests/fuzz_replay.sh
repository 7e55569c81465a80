#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# suite-timeout: 120
#
# Programs of the fuzzer that once found something, or stand for what was found
# otherwise (fuzz/found): as they are written, and then all actors at once.

fuzz=$(dirname "$0")/fuzz
exec "$fuzz/fuzz" -r -k 10 "$fuzz"/found/*.txt
