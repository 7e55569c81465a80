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
		       priority-queue async-send ask; do
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
echo "1..$tests"
echo "# Totals: pass:$((tests - failures)) fail:$failures xfail:0 xpass:0 skip:0 error:0"
[ $failures -eq 0 ]
