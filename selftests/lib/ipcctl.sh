# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the suites of ipcctl share: a world of their own, so that tables, numbers
# and counters are those of the suite; a folder and processes that end with it;
# and a line for each test. Sourced first; the suite ends with "finished".

set -u
if [ -z "${IPCCTL_WORLD:-}" ]; then
	IPCCTL_WORLD=1 exec unshare -n "$0" "$@"
fi
tmp=$(mktemp -d) || exit 1
tests=0 failures=0 pids=()
trap finish EXIT

finish()
{
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null
	rm -rf "$tmp"
}

result()	# STATUS NAME
{
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests $2"
	else
		failures=$((failures + 1))
		[ ! -s "$tmp/why" ] || sed 's/^/# /' "$tmp/why"
		echo "not ok $tests $2"
	fi
	: >"$tmp/why"
}

run()		# NAME COMMAND…
{
	local name=$1
	shift
	"$@" >"$tmp/why" 2>&1
	result $? "$name"
}

finished()
{
	echo "1..$tests"
	[ "$failures" = 0 ]
}
