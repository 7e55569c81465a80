#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples_test.sh DIR: runs the example programs in DIR, as a user would,
# against the module, which is loaded; ipcctl is on PATH. Prints KTAP.

set -u
dir=${1:?directory of the programs}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"; kill $(jobs -p) 2>/dev/null' EXIT
tests=0 failures=0
limit_ms=30000
box=examples.$$

result()	# STATUS NAME
{
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests $2"
	else
		failures=$((failures + 1))
		sed 's/^/# /' "$tmp/log"
		echo "not ok $tests $2"
	fi
}

run()		# NAME FUNCTION: in a shell of its own, where any failure ends it
{
	(set -eu -o pipefail; "$2") >"$tmp/log" 2>&1
	result $? "$1"
	rm -f "$tmp/out" "$tmp/err" "$tmp/got"
	ipcctl mailbox del "$box" >/dev/null 2>&1
}

die() { echo "$*"; return 1; }

fails()	# COMMAND…: it must
{
	! "$@" 2>"$tmp/err" || die "$1 succeeded"
	cat "$tmp/err"
}

hello()
{
	"$dir/hello" >"$tmp/out"
	cat "$tmp/out"
	grep -q '^server: "hello" from port:[0-9]*$' "$tmp/out"
	grep -q '^client: "hello yourself" from port:[0-9]*$' "$tmp/out"
}

echo_by_name()
{
	local pid
	pid=$("$dir/echo-server" -b -t $limit_ms "example.$$")
	[ "$("$dir/echo-client" "example.$$" one 'two words' '')" = $'one\ntwo words' ]
	[ "$(printf 'a\n\nb' | "$dir/echo-client" "example.$$")" = $'a\n\nb' ]
	kill "$pid"
}

echo_by_number()
{
	"$dir/echo-server" -b -n 2 -t $limit_ms port:1717
	"$dir/echo-client" port:1717 x >/dev/null
	"$dir/echo-client" port:1717 x >/dev/null
}

echo_to_nobody_fails()
{
	fails "$dir/echo-client" "nobody.$$" x
	grep -q 'No such file or directory' "$tmp/err"
	fails "$dir/echo-client" 'no body' x
	grep -q 'Invalid argument' "$tmp/err"
}

silence_is_noticed()
{
	fails "$dir/echo-server" -n 1 -t 50 "silent.$$"
	"$dir/echo-server" -t 50 "silent.$$"
}

usage_is_told()
{
	local program status
	for program in hello echo-server echo-client producer consumer \
		       mailbox-notify worker-pool rendezvous stream \
		       priority-queue async-send ask kv once call-pool \
		       deferred pipeline; do
		status=0
		"$dir/$program" -? 2>"$tmp/err" || status=$?
		[ $status = 2 ] || die "$program: status $status"
		grep -q "usage: $program" "$tmp/err"
	done
}

workers_share_a_name()
{
	local pid out
	pid=$("$dir/worker-pool" -b -w 3 -t $limit_ms "pool.$$")
	out=$(seq 9 | "$dir/echo-client" "pool.$$")
	kill "$pid"
	echo "$out"
	[ "$(cut -d' ' -f3- <<<"$out")" = "$(seq 9)" ]
	[ "$(cut -d: -f1 <<<"$out" | sort -u | wc -l)" = 3 ]
}

workers_share_a_mailbox()
{
	local pid out
	ipcctl mailbox add "$box"
	pid=$("$dir/worker-pool" -b -w 3 -t $limit_ms "mbox:$box")
	out=$(seq 9 | "$dir/echo-client" "mbox:$box")
	kill "$pid"
	echo "$out"
	[ "$(cut -d' ' -f3- <<<"$out")" = "$(seq 9)" ]
	ipcctl mailbox del "$box"
}

producer_fills_and_consumer_empties()
{
	ipcctl mailbox add "$box" msgs 3
	seq 5 | fails "$dir/producer" -t 0 "$box"
	grep -q 'line 4, after 3 messages: Resource temporarily' "$tmp/err"
	seq 5 | "$dir/producer" -k -t 0 "$box" 2>"$tmp/err"
	grep -q '^producer 1/1: 0 put, 5 not taken: ' "$tmp/err"
	[ "$("$dir/consumer" -l me -t 0 "$box")" = $'me\t1\nme\t2\nme\t3' ]
	fails "$dir/consumer" -n 1 -t 50 "$box"
	fails "$dir/consumer" -e END -t 50 "$box"
	printf 'x\nEND\ny\n' | "$dir/producer" "$box"
	[ "$("$dir/consumer" -e END -t 50 "$box")" = x ]
	[ "$("$dir/consumer" -n 1 "$box")" = y ]
	ipcctl mailbox del "$box"
	fails "$dir/producer" "$box" </dev/null
	fails "$dir/consumer" "$box"
}

notification_comes()
{
	local waiter
	"$dir/mailbox-notify" -c -n 1 -t $limit_ms "$box" \
		>"$tmp/out" 2>"$tmp/err" &
	waiter=$!
	until grep -q notified "$tmp/err"; do
		kill -0 $waiter
		sleep 0.05
	done
	echo hello | "$dir/producer" "$box"
	wait $waiter
	cat "$tmp/err"
	[ "$(cat "$tmp/out")" = hello ]
	# it was the last user
	fails ipcctl mailbox show "$box"
}

# Each line of a file through three producers and three consumers.
lines_arrive_once()
{
	local i consumers=() producers=()
	seq -f 'line %05g with  blanks' 3000 >"$tmp/lines"
	echo >>"$tmp/lines"
	ipcctl mailbox add "$box"
	for i in 1 2 3; do
		"$dir/consumer" -e END -t $limit_ms "$box" >>"$tmp/got" &
		consumers+=($!)
		"$dir/producer" -p "$i/3" "$box" "$tmp/lines" &
		producers+=($!)
	done
	for i in "${producers[@]}"; do
		wait "$i"
	done
	printf 'END\nEND\nEND\n' | "$dir/producer" "$box"
	for i in "${consumers[@]}"; do
		wait "$i"
	done
	cmp <(sort "$tmp/lines") <(sort "$tmp/got")
	ipcctl mailbox del "$box"
}

# Until a port has so many messages or waiters: NAME KEY COUNT
until_port()
{
	local i
	for ((i = 0; i < 600; i++)); do
		ipcctl -j port list | tr '{' '\n' | grep -F "\"$1\"" |
			grep -q "\"$2\":$3[,}]" && return
		sleep 0.05
	done
	ipcctl -j port list
	die "no $2 $3 at $1"
}

# Until the name is nobody's; who had it is gone then.
until_nobody()		# NAME
{
	local i
	for ((i = 0; i < 600; i++)); do
		# all of it is read: who writes to nobody fails
		ipcctl -j name list | grep -F "\"$1\"" >/dev/null || return 0
		sleep 0.05
	done
	die "$1 is still there"
}

texts_change_hands()
{
	local taker
	"$dir/rendezvous" take -n 2 -t $limit_ms "meet.$$" >"$tmp/out" &
	taker=$!
	until_port "meet.$$" waiting-receivers 1
	"$dir/rendezvous" give -t $limit_ms "meet.$$" one two >"$tmp/err"
	wait $taker
	[ "$(cat "$tmp/out")" = $'one\ntwo' ]
	[ "$(cat "$tmp/err")" = $'given: one\ngiven: two' ]
	fails "$dir/rendezvous" take -t 50 "meet.$$"
	grep -q 'nobody gives: Connection timed out' "$tmp/err"
	fails "$dir/rendezvous" give "meet.$$" three
	grep -q 'No such file or directory' "$tmp/err"
}

# Until the other end is there; it must not end before.
meets()		# PID COMMAND…, whose input and output are files
{
	local other=$1
	shift
	until "$@" <"$tmp/numbers" >"$tmp/got" 2>"$tmp/err"; do
		kill -0 "$other"
		grep -Eq 'No such file|Connection refused' "$tmp/err"
		sleep 0.05
	done
}

stream_reader_first()
{
	local reader
	seq 100000 >"$tmp/numbers"
	"$dir/stream" -c read "pipe.$$" >"$tmp/read" &
	reader=$!
	meets $reader "$dir/stream" write "pipe.$$"
	wait $reader
	cmp "$tmp/numbers" "$tmp/read"
}

stream_writer_first()
{
	local writer
	seq 100000 >"$tmp/numbers"
	"$dir/stream" -c write "pipe.$$" <"$tmp/numbers" &
	writer=$!
	meets $writer "$dir/stream" read "pipe.$$"
	wait $writer
	cmp "$tmp/numbers" "$tmp/got"
	fails "$dir/stream" read "pipe.$$"
}

most_urgent_comes_first()
{
	"$dir/priority-queue" make "$box"
	"$dir/priority-queue" put "$box" 0:a 31:b 7:c 31:d
	[ "$("$dir/priority-queue" get "$box")" = $'31:b\n31:d\n7:c\n0:a' ]
	[ -z "$("$dir/priority-queue" get "$box")" ]
	fails "$dir/priority-queue" put "$box" 32:x
	ipcctl mailbox del "$box"
	fails "$dir/priority-queue" get "$box"
}

completions_come()
{
	local sender
	ipcctl mailbox add "$box"
	seq 3 | "$dir/async-send" -t $limit_ms "mbox:$box" >"$tmp/out" &
	sender=$!
	until grep -q '^3 sent' "$tmp/out"; do
		kill -0 $sender
		sleep 0.05
	done
	[ "$("$dir/consumer" -n 3 "$box")" = $'1\n2\n3' ]
	wait $sender
	cat "$tmp/out"
	[ "$(tail -n 3 "$tmp/out")" = $'line 1: received\nline 2: received\nline 3: received' ]

	fails "$dir/async-send" -t 50 "mbox:$box" <<<late >"$tmp/out"
	grep -q '^line 1: Connection timed out' "$tmp/out"
	[ -z "$("$dir/consumer" -t 0 "$box")" ]
	ipcctl mailbox del "$box"
	fails "$dir/async-send" "mbox:$box" <<<x
}

questions_are_answered()
{
	local server
	"$dir/ask" serve -n 2 "ask.$$" &
	server=$!
	until_port "ask.$$" waiting-receivers 1
	[ "$("$dir/ask" ask "ask.$$" one 'two words')" = $'one: 3 bytes\ntwo words: 9 bytes' ]
	wait $server
	fails "$dir/ask" ask "ask.$$" x
	# somebody who does not answer
	"$dir/rendezvous" take "ask.$$" >"$tmp/out" &
	server=$!
	until_port "ask.$$" waiting-receivers 1
	fails "$dir/ask" ask -t 50 "ask.$$" x
	grep -q "'x': Connection timed out" "$tmp/err"
	wait $server
}

values_are_kept()
{
	local pid long
	pid=$("$dir/kv" serve -b "kv.$$")
	"$dir/kv" set "kv.$$" one 1
	"$dir/kv" set "kv.$$" two 'the second'
	"$dir/kv" set "kv.$$" one first
	[ "$("$dir/kv" get "kv.$$" one)" = first ]
	[ "$("$dir/kv" list "kv.$$")" = $'one=first\ntwo=the second' ]
	"$dir/kv" del "kv.$$" one
	fails "$dir/kv" get "kv.$$" one
	grep -q '^kv: get: no such key$' "$tmp/err"
	# a list that is longer than the memory for one reply
	long=$(printf '%4000s' x)
	for i in {1..20}; do
		"$dir/kv" set "kv.$$" "$i" "$long"
	done
	[ "$("$dir/kv" list "kv.$$" | wc -c)" = $((4 + 11 + 20 * 4001 + 9 * 2 + 11 * 3)) ]
	kill "$pid"
	until_nobody "kv.$$"
	fails "$dir/kv" get "kv.$$" two
	grep -q 'No such file or directory' "$tmp/err"
}

# A server that dies and comes back: what may be done twice is, in the end.
set_is_done_at_least_once()
{
	local pid client
	pid=$("$dir/once" serve -b -d 2 "once.$$" "$tmp/number")
	[ "$("$dir/once" set "once.$$" 3)" = '3 after one attempt' ]
	"$dir/once" set -t $limit_ms "once.$$" 5 >"$tmp/out" &
	client=$!
	until_nobody "once.$$"
	# done, but nobody was told
	[ "$(cat "$tmp/number")" = 5 ]
	kill -0 $client
	pid=$("$dir/once" serve -b "once.$$" "$tmp/number")
	wait $client
	[ "$(cat "$tmp/out")" = '5 after several attempts' ]
	kill "$pid"
	until_nobody "once.$$"
	rm "$tmp/number"
}

# And what may not be done twice is not; the client is told that it might be.
add_is_done_at_most_once()
{
	local pid
	pid=$("$dir/once" serve -b -d 2 "once.$$" "$tmp/number")
	[ "$("$dir/once" add "once.$$" 2)" = '2 after one attempt' ]
	fails "$dir/once" add "once.$$" 3
	grep -q 'add: nobody knows whether it was done: Connection reset' "$tmp/err"
	until_nobody "once.$$"
	fails "$dir/once" add "once.$$" 1
	grep -q 'add: it was not done: No such file' "$tmp/err"
	pid=$("$dir/once" serve -b "once.$$" "$tmp/number")
	[ "$("$dir/once" get "once.$$")" = '5 after one attempt' ]
	kill "$pid"
	until_nobody "once.$$"
	rm "$tmp/number"
}

pool_grows_when_it_is_told()
{
	local pid
	ipcctl mailbox add "$box"
	pid=$("$dir/call-pool" serve -b -m 3 -t 200 "mbox:$box")
	"$dir/call-pool" ask "mbox:$box" 1000 1000 1000 1000 >"$tmp/out"
	cat "$tmp/out"
	[ "$(wc -l <"$tmp/out")" = 4 ]
	[ "$(grep -c '^1000 ms by worker [123]$' "$tmp/out")" = 4 ]
	[ "$(sort -u "$tmp/out" | wc -l)" -ge 2 ]
	"$dir/call-pool" ask "mbox:$box" 0
	kill "$pid"
	until ! kill -0 "$pid" 2>/dev/null; do
		sleep 0.05
	done
	# it has left the mailbox as it was
	"$dir/producer" "$box" <<<x
	[ "$("$dir/consumer" -n 1 "$box")" = x ]
	ipcctl mailbox del "$box"

	pid=$("$dir/call-pool" serve -b "pool.$$")
	"$dir/call-pool" ask "pool.$$" 500 500 >"$tmp/out"
	[ "$(grep -c '^500 ms by worker [12]$' "$tmp/out")" = 2 ]
	kill "$pid"
	until_nobody "pool.$$"
	fails "$dir/call-pool" ask "pool.$$" 0
}

answer_waits_for_two_others()
{
	local one two front
	one=$("$dir/deferred" back -b "one.$$" here)
	two=$("$dir/deferred" back -b "two.$$" there)
	front=$("$dir/deferred" front -b "front.$$" "one.$$" "two.$$")
	[ "$("$dir/deferred" ask "front.$$" x)" = $'here x\nthere x' ]
	# one of them does not answer: the front server goes on, the client gives up
	kill -STOP "$two"
	fails "$dir/deferred" ask -t 50 "front.$$" y
	grep -q 'Connection timed out' "$tmp/err"
	"$dir/deferred" ask "front.$$" z >"$tmp/out" &
	kill -CONT "$two"
	wait $!
	[ "$(cat "$tmp/out")" = $'here z\nthere z' ]
	kill "$one"
	until_nobody "one.$$"
	[ "$("$dir/deferred" ask "front.$$" x)" = $'No such file or directory\nthere x' ]
	kill "$two" "$front"
	until_nobody "front.$$"
}

stages_write_one_reply()
{
	local a b c
	c=$("$dir/pipeline" stage -b -p 2 "c.$$" count)
	b=$("$dir/pipeline" stage -b -p 1 "b.$$" reverse "c.$$")
	a=$("$dir/pipeline" stage -b "a.$$" upper "b.$$")
	"$dir/pipeline" ask "a.$$" 'hello you' >"$tmp/out"
	cat "$tmp/out"
	[ "$(tr -s ' ' <"$tmp/out" | sed 's/ $//')" = \
		$'upper HELLO YOU\nreverse uoy olleh\ncount 9' ]
	# who enters in the middle finds the first line empty
	"$dir/pipeline" ask "b.$$" ab >"$tmp/out"
	[ "$(tr -d '\0' <"$tmp/out" | tr -s ' ')" = $'reverse ba \ncount 2 ' ]
	kill "$c"
	until_nobody "c.$$"
	fails "$dir/pipeline" ask "a.$$" x
	grep -q 'Connection reset' "$tmp/err"
	kill "$a" "$b"
	until_nobody "a.$$"
	until_nobody "b.$$"
}

echo "KTAP version 1"
run usage_is_told usage_is_told
run hello_is_answered hello
run echo_by_name echo_by_name
run echo_by_number echo_by_number
run echo_to_nobody_fails echo_to_nobody_fails
run silence_is_noticed silence_is_noticed
run workers_share_a_name workers_share_a_name
run workers_share_a_mailbox workers_share_a_mailbox
run producer_fills_and_consumer_empties producer_fills_and_consumer_empties
run notification_comes notification_comes
run lines_arrive_once lines_arrive_once
run texts_change_hands texts_change_hands
run stream_reader_first stream_reader_first
run stream_writer_first stream_writer_first
run most_urgent_comes_first most_urgent_comes_first
run completions_come completions_come
run questions_are_answered questions_are_answered
run values_are_kept values_are_kept
run set_is_done_at_least_once set_is_done_at_least_once
run add_is_done_at_most_once add_is_done_at_most_once
run pool_grows_when_it_is_told pool_grows_when_it_is_told
run answer_waits_for_two_others answer_waits_for_two_others
run stages_write_one_reply stages_write_one_reply
echo "1..$tests"
echo "# Totals: pass:$((tests - failures)) fail:$failures xfail:0 xpass:0 skip:0 error:0"
[ $failures -eq 0 ]
