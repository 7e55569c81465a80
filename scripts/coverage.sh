#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make coverage: run the suites on the debug kernel with a module that counts
# (KERNEL=coverage), and tell which of its lines were executed.
# TESTS: only these suites; ADD=1: together with what earlier runs of the same
# sources counted, so that a long run can be split. What was counted is kept
# in build/coverage, the report in build/coverage/report.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export KERNEL=coverage
cd "$DIPC_TOP"
# At least so much by all suites together.
LEAST=90
# They do again and again what others do once, for minutes on this kernel;
# fault_table is about the module's own calls, not those of its counters.
LEFT_OUT='call_soak fault_table fuzz_replay fuzz_short soak unload'
kept=$DIPC_BUILD/coverage

least=(--least "$LEAST")
if [ -n "${TESTS:-}" ]; then
	[ -n "${ADD:-}" ] || least=()
else
	TESTS=$(find selftests -maxdepth 1 \( -name '*.c' -o -name '*.sh' \) -printf '%f\n' |
		sed 's/\.[a-z]*$//' | sort | grep -vxF -f <(tr ' ' '\n' <<<"$LEFT_OUT") | tr '\n' ' ')
fi
export TESTS

sources=$(cat kmod/*.[ch] uapi/linux/*.h Kbuild | sha256sum)
if [ -z "${ADD:-}" ] || [ "$(cat "$kept/sources" 2>/dev/null)" != "$sources" ]; then
	rm -rf "$kept"
	mkdir -p "$kept"
	echo "$sources" >"$kept/sources"
fi
checked=0
scripts/check.sh || checked=$?
kernel_env
run=$(mktemp -d "$kept/run.XXXXXX")
find "$DIPC_BUILD/check/coverage/gcov" -name '*.gcda' -exec cp -t "$run" {} +
cp -t "$run" "$DIPC_OBJ"/kmod/*.gcno

judged=0
scripts/coverage.py "${least[@]}" "$kept"/run.* >"$kept/report" || judged=$?
cat "$kept/report"
[ "$checked" = 0 ] || say "some suites failed, see above"
exit $((checked || judged))
