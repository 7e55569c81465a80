#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests the test runner: made-up suites and streams, good and bad, through
# vm/suites.c and report.py, and whether what is bad is reported as failed.
# A runner that finds everything fine is worse than none.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
: >"$tmp/tests"
: >"$tmp/bad"

# judge EXPECTED-COUNTS EXPECTED-STATUS TEXT < stream, plan in $tmp/plan
judge()
{
	local want=$1 want_status=$2 what=$3 got status=0

	echo "$what" >>"$tmp/tests"	# a file: this is often a subshell
	rm -f "$tmp/counts"
	"$top/scripts/report.py" --plan "$tmp/plan" --counts "$tmp/counts" \
		"${@:4}" >"$tmp/out" 2>&1 || status=$?
	got=$(cat "$tmp/counts" 2>/dev/null || echo none)
	if [ "$got" != "$want" ] || [ "$status" != "$want_status" ]; then
		echo "$what" >>"$tmp/bad"
		echo "$what: passed, failed, skipped are $got, status $status;" \
		     "should be $want, status $want_status"
		sed 's/^/    /' "$tmp/out"
	fi
}

# suite WANT STATUS WHAT END-FRAME [FRAME…]: a suite s whose output is stdin.
suite()
{
	local want=$1 status=$2 what=$3 end=$4
	shift 4

	echo 's 5 /s' >"$tmp/plan"
	{
		echo '@begin s 5'
		sed 's/^/ /'
		[ $# = 0 ] || printf '%s\n' "$@"
		echo "@end s $end"
		echo '@done'
	} | judge "$want" "$status" "$what" --no-module
}
fine='exit 0 10 0x0'

suite '2 0 0' 0 'all pass' "$fine" <<<$'TAP version 13\n1..2\nok 1 a\nok 2 b'
suite '2 0 0' 0 'plan at the end' "$fine" <<<$'TAP version 13\nok 1 a\nok 2 b\n1..2'
suite '1 0 1' 0 'a skip with its reason' "$fine" <<<$'1..2\nok 1 a\nok 2 b # SKIP no such thing'
suite '1 0 1' 0 'an expected failure' "exit 0 1 0x0" <<<$'1..2\nok 1 a\nok 2 b # XFAIL bug 7'
suite '0 0 1' 1 'everything skipped is not success' 'exit 4 1 0x0' <<<'1..0 # SKIP not here'
suite '1 1 0' 1 'not ok' 'exit 1 10 0x0' <<<$'1..2\nok 1 a\nnot ok 2 b'
suite '1 1 0' 1 'not ok, exit 0' "$fine" <<<$'1..2\nok 1 a\nnot ok 2 b'
suite '1 1 0' 1 'not ok with a TODO' "$fine" <<<$'1..2\nok 1 a\nnot ok 2 b # TODO'
suite '1 1 0' 1 'no plan' "$fine" <<<'ok 1 a'
suite '1 1 0' 1 'cut off' "$fine" <<<$'1..3\nok 1 a'
suite '2 1 0' 1 'more than planned' "$fine" <<<$'1..1\nok 1 a\nok 2 b'
suite '2 1 0' 1 'a number left out' "$fine" <<<$'1..2\nok 1 a\nok 3 b'
suite '1 1 0' 1 'a skip without a reason' "$fine" <<<$'1..2\nok 1 a\nok 2 b # SKIP'
suite '0 1 0' 1 'no tests, no reason' "$fine" <<<'1..0'
suite '0 1 0' 1 'no output' "$fine" </dev/null
suite '0 1 0' 1 'output that is no KTAP' "$fine" <<<'all is well'
suite '1 1 0' 1 'all ok, but exit 1' 'exit 1 10 0x0' <<<$'1..1\nok 1 a'
suite '1 1 0' 1 'killed by a signal' 'signal 11 10 0x0' <<<$'1..1\nok 1 a'
suite '1 2 0' 1 'out of time' 'timeout 5 5000 0x0' <<<$'1..2\nok 1 a'
suite '1 2 0' 1 'bailed out' 'exit 1 5 0x0' <<<$'1..2\nok 1 a\nBail out! no'
suite '1 1 0' 1 'left processes' "$fine" @left <<<$'1..1\nok 1 a'
suite '1 1 0' 1 'a new taint' 'exit 0 1 0x200' <<<$'1..1\nok 1 a'
suite '1 0 0' 0 'the taints of an unsigned module' 'exit 0 1 0x3000' <<<$'1..1\nok 1 a'
suite '1 1 0' 1 'kernel log lost' "$fine" @kmsglost <<<$'1..1\nok 1 a'
suite '1 0 0' 0 'harmless kernel log' "$fine" '@kmsg 6 check: suite bug begins' \
	'@kmsg 6 veth0: link becomes ready' <<<$'1..1\nok 1 a'
race()
{
	printf '%s\n' '@kmsg 3 ======' "@kmsg 3 BUG: KCSAN: data-race in $1 / $2" \
		'@kmsg 3 read to 0x1 of 4 bytes by task 1 on cpu 0:' "@kmsg 3  $1" \
		'@kmsg 3 write to 0x1 of 4 bytes by task 2 on cpu 1:' "@kmsg 3  $2" '@kmsg 3 ======'
}
mapfile -t ours < <(race 'sock_poll+0x1/0x2' 'dipc_close+0x1/0x2 [dipc]')
mapfile -t others < <(race 'sock_poll+0x1/0x2' 'sock_close+0x1/0x2')
suite '1 1 0' 1 'a data race of ours' "$fine" "${ours[@]}" <<<$'1..1\nok 1 a'
suite '1 0 0' 0 'a data race of others' "$fine" "${others[@]}" <<<$'1..1\nok 1 a'
suite '1 1 0' 1 'a data race cut off' "$fine" "${others[@]:0:4}" <<<$'1..1\nok 1 a'
suite '1 1 0' 1 'a data race of others, and a bug' "$fine" "${others[@]}" \
	'@kmsg 3 BUG: bad' <<<$'1..1\nok 1 a'

for splat in 'WARNING: CPU: 1 PID: 2 at kmod/x.c:3' 'BUG: kernel NULL pointer dereference' \
	     'INFO: task x:12 blocked for more than 60 seconds.' 'refcount_t: underflow' \
	     'rcu: INFO: rcu_preempt self-detected stall on CPU' \
	     'BUG dipc_message (Not tainted): Objects remaining in dipc_message' \
	     'unregister_netdevice: waiting for lo to become free' \
	     'possible circular locking dependency' 'UBSAN: array-index-out-of-bounds'; do
	suite '1 1 0' 1 "kernel log: $splat" "$fine" "@kmsg 4 $splat" '@kmsg 4 more' <<<$'1..1\nok 1 a'
done
leak=('@leak unreferenced object 0xffff888003c4d300 (size 192):' '@leak   backtrace:')
suite '1 1 0' 1 'a leak of ours' "$fine" "${leak[@]}" \
	'@leak     [<ffffffff81234567>] kmalloc_trace+0x26/0xb0' \
	'@leak     [<ffffffffa0001234>] dipc_bind+0x34/0x90 [dipc]' <<<$'1..1\nok 1 a'
suite '1 1 0' 1 'a leak of code that is gone' "$fine" "${leak[@]}" \
	'@leak     [<ffffffffa0001234>] 0xffffffffa0001234' <<<$'1..1\nok 1 a'
suite '1 0 0' 0 'the name of a slab cache that could not be made' "$fine" "${leak[@]}" \
	'@leak     [<ffffffff81234567>] kobject_set_name_vargs+0x44/0x120' \
	'@leak     [<ffffffff81234567>] kobject_init_and_add+0xa0/0x110' \
	'@leak     [<ffffffff81234567>] sysfs_slab_add+0x1a0/0x220' \
	'@leak     [<ffffffffa0001234>] dipc_sock_register+0x1a/0x20 [dipc]' \
	<<<$'1..1\nok 1 a'
suite '1 0 0' 0 'a leak of others' "$fine" "${leak[@]}" \
	'@leak     [<ffffffff81234567>] p9_client_create+0x34/0x90' \
	'@kmsg 6 kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)' \
	<<<$'1..1\nok 1 a'
suite '2 0 0' 0 'nested, all pass' "$fine" \
	<<<$'TAP version 13\n1..1\n  TAP version 13\n  1..2\n  ok 1 x\n  ok 2 y\nok 1 a'
suite '1 1 0' 1 'nested, one fails' "$fine" \
	<<<$'TAP version 13\n1..1\n  1..2\n  ok 1 x\n  not ok 2 y\nnot ok 1 a'
suite '1 2 0' 1 'nested, one fails, the parent says ok' "$fine" \
	<<<$'TAP version 13\n1..1\n  1..2\n  ok 1 x\n  not ok 2 y\nok 1 a'
suite '1 2 0' 1 'nested, cut off' "$fine" <<<$'1..1\n  1..2\n  ok 1 x\nok 1 a'
suite '2 1 0' 1 'nested, all pass, the parent fails' "$fine" \
	<<<$'1..1\n  1..2\n  ok 1 x\n  ok 2 y\nnot ok 1 a'

# The guest dies in the second of three suites; and after the last.
printf '%s 5 /s\n' one two three >"$tmp/plan"
judge '2 4 0' 1 'the guest dies in a suite' <<'END'
@begin load 60
 1..1
 ok 1 module_loads
@end load exit 0 1 0x0
@begin one 5
 1..1
 ok 1 a
@end one exit 0 1 0x0
@begin two 5
 1..2
END
echo 'one 5 /s' >"$tmp/plan"
judge '1 2 0' 1 'load and unload are expected' <<'END'
@begin one 5
 1..1
 ok 1 a
@end one exit 0 1 0x0
@done
END
judge '1 1 0' 1 'the end is expected' --no-module <<'END'
@begin one 5
 1..1
 ok 1 a
@end one exit 0 1 0x0
END
judge '0 1 0' 1 'an empty stream' --no-module </dev/null
{ echo '@begin one 0'; sleep 8; } |
	judge '0 2 0' 3 'a guest that goes silent' --no-module --stall 0.3

# What is allowed by the suite's own word.
echo 's 5 /s oom' >"$tmp/plan"
judge '1 0 0' 0 'an out-of-memory report that the suite announced' --no-module <<'END'
@begin s 5
 1..1
 ok 1 a
@kmsg 4 a.out invoked oom-killer: gfp_mask=0xcc0
@kmsg 4 Call Trace:
@kmsg 3 Memory cgroup out of memory: Killed process 12 (a.out)
@end s exit 0 1 0x0
@done
END
echo 's 5 /s allow=foo: BUG' >"$tmp/plan"
judge '1 1 0' 1 'one allowed line, one that is not' --no-module <<'END'
@begin s 5
 1..1
 ok 1 a
@kmsg 4 foo: BUG
@kmsg 4 bar: BUG
@end s exit 0 1 0x0
@done
END

# The guest's side, with real processes.
cc=${CC:-gcc}
"$cc" -O2 -Wall -Wextra -Werror -o "$tmp/suites" "$top/scripts/vm/suites.c"
script()
{
	{ echo '#!/bin/bash'; cat; } >"$tmp/$1"
	chmod +x "$tmp/$1"
}
script passes <<<"printf '1..1\nok 1 a\n'; exec 2>&-; printf '# no newline at the end'"
script crashes <<<"printf '1..1\nok 1 a\n'; kill -SEGV \$\$"
script hangs <<<"printf '1..2\nok 1 a\n'; sleep 60"
script lingers <<<"printf '1..1\nok 1 a\n'; sleep 60 & "
script missing </dev/null
rm "$tmp/missing"
for name in passes crashes hangs lingers missing; do
	echo "$name $([ $name = hangs ] && echo 5 || echo 30) $tmp/$name"
done >"$tmp/plan"
"$tmp/suites" -k "$tmp/plan" | judge '4 4 0' 1 'real processes' --no-module
# The time for all is over after the first.
script lasts <<<"printf '1..1\nok 1 a\n'; sleep 6"
printf '%s 30 '"$tmp"'/%s\n' lasts lasts passes passes >"$tmp/plan"
DIPC_WITHIN=5 "$tmp/suites" -k "$tmp/plan" | judge '1 0 1' 0 'no time is left' --no-module

echo "$(wc -l <"$tmp/tests") tests of the runner, $(wc -l <"$tmp/bad") failed"
[ ! -s "$tmp/bad" ]
