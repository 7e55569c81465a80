#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ipcctl send and ipcctl recv on the module: messages of scripts, what goes
# with them, what comes out, and the exit statuses by which scripts decide.
#
# suite-timeout: 600

# shellcheck source=selftests/lib/ipcctl.sh
. "$(dirname "$0")/lib/ipcctl.sh"

# gives STATUS TEXT COMMAND…: that status, and that text and nothing else on
# standard output.
gives()
{
	local status=$1 text=$2 got
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	printf '%s' "$text" >"$tmp/should"
	[ "$got" = "$status" ] && cmp -s "$tmp/should" "$tmp/out" && return
	echo "$*: status $got, not $status"
	od -c "$tmp/out" | head
	cat "$tmp/err"
	return 1
}

until_ok()	# COMMAND…: again and again, up to 20 seconds of nothing but waiting
{
	local i

	for ((i = 0; i < 400; i++)); do
		"$@" >"$tmp/until" 2>&1 && return
		sleep 0.05
	done
	echo "in vain: $*"
	cat "$tmp/until"
	return 1
}

# of_box KEY VALUE: so the mailbox is
of_box()
{
	[[ $(ipcctl -j mailbox show box) =~ \"$1\":$2[,}] ]]
}

# the value of a key of a line of JSON
value()		# KEY FILE
{
	sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^,}\"]*\\)[,}\"].*/\\1/p" "$2"
}

purge()
{
	ipcctl mailbox purge box >/dev/null
}

nl=$'\n'
echo 'TAP version 13'
run mailbox_is_made ipcctl mailbox add box msgs 4

# what is sent
run word_is_sent gives 0 '' ipcctl send mbox:box 'two words'
run word_is_received gives 0 "two words$nl" ipcctl recv mbox:box
run name_of_a_mailbox_is_an_address gives 0 '' ipcctl send box one
run raw_is_what_was_sent gives 0 one ipcctl recv mbox:box raw
from_input()
{
	printf 'line\n\0end' | gives 0 '' ipcctl send mbox:box "$@" &&
	[ "$(ipcctl recv mbox:box hex)" = 6c696e650a00656e64 ]
}
run input_is_one_message from_input
run dash_is_input from_input -
empty_is_a_message()
{
	gives 0 '' ipcctl send mbox:box '' && gives 0 '' ipcctl send mbox:box </dev/null &&
	gives 0 "$nl$nl" ipcctl recv mbox:box count 2
}
run empty_is_a_message empty_is_a_message
lines_are_messages()
{
	printf 'a\n\nc' | gives 0 '' ipcctl send mbox:box lines && of_box queued-msgs 3 &&
	gives 0 "a$nl${nl}c$nl" ipcctl recv mbox:box count 3
}
run lines_are_messages lines_are_messages
run word_that_looks_like_an_option gives 0 '' ipcctl send mbox:box message count
run word_that_begins_with_a_dash gives 0 '' ipcctl send mbox:box -- --json
run they_are_words gives 0 "count$nl--json$nl" ipcctl recv mbox:box count 2
count_is_so_many()
{
	gives 0 '' ipcctl send mbox:box count 3 x && of_box queued-msgs 3 &&
	gives 0 "x${nl}x${nl}x$nl" ipcctl recv mbox:box count 3
}
run count_is_so_many count_is_so_many
long_message_is_whole()
{
	head -c 60000 /dev/urandom >"$tmp/long" &&
	ipcctl send mbox:box <"$tmp/long" && ipcctl recv mbox:box raw | cmp - "$tmp/long"
}
run long_message_is_whole long_message_is_whole
head -c 70000 /dev/zero >"$tmp/long"
too_long_is_an_error()
{
	gives 1 '' ipcctl send mbox:box <"$tmp/long" && grep -q 'Message too long' "$tmp/err"
}
run too_long_is_an_error too_long_is_an_error

# what goes with it
everything_is_told()
{
	ipcctl send mbox:box tag 0x12 priority 5 deadline 1h hello &&
	ipcctl -j recv mbox:box >"$tmp/json" &&
	[ "$(value payload "$tmp/json")" = hello ] && [ "$(value payload-hex "$tmp/json")" = 68656c6c6f ] &&
	[ "$(value len "$tmp/json")" = 5 ] && [ "$(value tag "$tmp/json")" = 18 ] &&
	[ "$(value priority "$tmp/json")" = 5 ] && [ "$(value uid "$tmp/json")" = 0 ] &&
	[ "$(value gid "$tmp/json")" = 0 ] && [ "$(value pid "$tmp/json")" -gt 1 ] &&
	[ "$(value id "$tmp/json")" -ge 1 ] &&
	[ "$(value address "$tmp/json")" = "port:$(value source "$tmp/json")" ] &&
	[ "$(($(date +%s) - $(value time-ns "$tmp/json") / 1000000000))" -lt 100 ]
}
run everything_is_told_in_json everything_is_told
tag_chooses()
{
	ipcctl send mbox:box tag 1 a && ipcctl send mbox:box tag 0x22 b && ipcctl send mbox:box tag 0x21 c &&
	gives 0 "b$nl" ipcctl recv mbox:box tag 0x22 &&
	gives 0 "a${nl}c$nl" ipcctl recv mbox:box tag 1/0xf count 2
}
run tag_chooses tag_chooses
run tag_that_nobody_has gives 3 '' ipcctl recv mbox:box tag 9 nonblock
priority_is_for_priority_queues()
{
	ipcctl mailbox set box order priority &&
	ipcctl send mbox:box a && ipcctl send mbox:box priority 31 b && ipcctl send mbox:box priority 1 c &&
	gives 0 "b${nl}c${nl}a$nl" ipcctl recv mbox:box count 3 &&
	ipcctl mailbox set box order fifo
}
run priority_is_for_priority_queues priority_is_for_priority_queues
deadline_passes()
{
	ipcctl send mbox:box deadline 10ms late && until_ok of_box queued-msgs 0
}
run message_is_gone_after_its_deadline deadline_passes
run peek_looks gives 0 '' ipcctl send mbox:box look
run peek_shows gives 0 "look$nl" ipcctl recv mbox:box peek
run peek_leaves gives 0 "look$nl" ipcctl recv mbox:box

# exit statuses
run nothing_there_is_3 gives 3 '' ipcctl recv mbox:box nonblock
run timeout_0_is_not_to_wait gives 3 '' ipcctl recv mbox:box timeout 0
run nothing_in_time_is_3 gives 3 '' ipcctl recv mbox:box timeout 50ms
run too_few_in_time_is_3 gives 3 "x$nl" bash -c 'ipcctl send box x; ipcctl recv mbox:box count 2 timeout 50ms'
ipcctl send mbox:box count 4 full
run full_is_3 gives 3 '' ipcctl send mbox:box nonblock more
run full_in_time_is_3 gives 3 '' ipcctl send mbox:box timeout 50ms more
ipcctl mailbox set box policy drop-newest
run discarded_is_0 gives 0 '' ipcctl send mbox:box more
run discarded_and_reliable_is_4 gives 4 '' ipcctl send mbox:box mode reliable more
ipcctl mailbox set box policy refuse
run refused_is_4 gives 4 '' ipcctl send mbox:box more
ipcctl mailbox set box policy wait
purge
run explicit_and_nobody_waits_is_3 gives 3 '' ipcctl send mbox:box mode explicit nonblock more
run explicit_and_nobody_takes_is_3 gives 3 '' ipcctl send mbox:box mode explicit timeout 50ms more
run it_was_withdrawn of_box queued-msgs 0
run explicit_and_the_deadline_passes_is_3 gives 3 '' ipcctl send mbox:box mode explicit deadline 50ms more
run no_such_name_is_5 gives 5 '' ipcctl send nobody hello
run no_such_port_is_5 gives 5 '' ipcctl send port:77 hello
run no_such_mailbox_to_send_is_5 gives 5 '' ipcctl send mbox:nix hello
run no_such_mailbox_is_5 gives 5 '' ipcctl recv mbox:nix
run wrong_words_are_2 gives 2 '' ipcctl recv mbox:box lines
chmod 755 "$tmp"
cp "$(command -v ipcctl)" "$tmp/ipcctl"
as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/ipcctl" "$@"
}
run not_permitted_is_1 gives 1 '' as_nobody send mbox:box hello
run not_permitted_to_receive_is_1 gives 1 '' as_nobody recv mbox:box
run full_output_is_1 bash -c 'ipcctl send box x; ipcctl recv mbox:box >/dev/full; [ $? = 1 ]'

# two who meet
explicit_is_taken()
{
	local sender

	ipcctl send mbox:box mode explicit timeout 20 taken &
	sender=$!
	until_ok of_box queued-msgs 1 && gives 0 "taken$nl" ipcctl recv mbox:box && wait "$sender"
}
run explicit_ends_when_it_is_taken explicit_is_taken
one_waits_in()	# MAILBOX
{
	[[ $(ipcctl -j mailbox show "$1") = *'"waiting-receivers":1,'* ]]
}
deleted_while_one_waits_is_5()
{
	local receiver status

	ipcctl mailbox add other
	ipcctl recv mbox:other 2>"$tmp/err" &
	receiver=$!
	until_ok one_waits_in other && ipcctl mailbox del other
	wait "$receiver"
	status=$?
	[ $status = 5 ]
}
run deleted_while_one_waits_is_5 deleted_while_one_waits_is_5
has_line()	# FILE
{
	[ -s "$1" ]
}
any_tells_its_address()
{
	local receiver

	ipcctl recv any: count 2 timeout 20 >"$tmp/any" &
	receiver=$!
	until_ok has_line "$tmp/any" && ipcctl send "$(cat "$tmp/any")" type dgram one &&
	ipcctl send "$(head -1 "$tmp/any")" two && wait "$receiver" &&
	[[ $(cat "$tmp/any") =~ ^port:[0-9]+${nl}one${nl}two$ ]]
}
run any_tells_its_address any_tells_its_address
of_port()	# PORT KEY VALUE
{
	[[ $(ipcctl -j port show "$1") =~ \"$2\":$3[,}] ]]
}
source_chooses()
{
	local receiver port

	# else that of the test before, until it is opened anew in the background
	rm -f "$tmp/any"
	ipcctl recv any: from port:4712 timeout 20 >"$tmp/any" &
	receiver=$!
	until_ok has_line "$tmp/any" && port=$(cat "$tmp/any") &&
	ipcctl send "$port" not-from-there &&
	until_ok of_port "$port" queued-msgs 1 && of_port "$port" waiting-receivers 1
	kill "$receiver"
	wait "$receiver" 2>/dev/null
	[ "$(wc -l <"$tmp/any")" = 1 ]
}
has_name()	# NAME
{
	ipcctl name show "$1"
}
run source_chooses source_chooses
name_is_taken_and_given_back()
{
	local receiver

	ipcctl recv service count 0 >"$tmp/service" &
	receiver=$!
	until_ok has_name service && ipcctl send service one && ipcctl send service two &&
	until_ok grep -qx two "$tmp/service" && kill "$receiver"
	wait "$receiver" 2>/dev/null
	gives 5 '' ipcctl send service three
}
run name_is_taken_and_given_back name_is_taken_and_given_back
two_have()	# NAME
{
	[[ $(ipcctl -j name show "$1") = *'"port-count":2,'* ]]
}
shared_name()
{
	local i

	for i in 1 2; do
		ipcctl recv crew share timeout 20 >"$tmp/crew.$i" &
		pids+=($!)
	done
	until_ok two_have crew && ipcctl send crew count 1 a && ipcctl send crew b &&
	until_ok has_line "$tmp/crew.1" && until_ok has_line "$tmp/crew.2"
}
run name_can_be_shared shared_name
name_that_is_taken_is_an_error()
{
	ipcctl recv mine timeout 20 >"$tmp/mine" &
	pids+=($!)
	until_ok has_name mine && gives 1 '' ipcctl recv mine nonblock && grep -q 'in use' "$tmp/err"
}
run name_that_is_taken_is_an_error name_that_is_taken_is_an_error

many_through_a_pipe()
{
	local receiver

	seq 5000 >"$tmp/numbers"
	ipcctl recv mbox:box count 5000 timeout 20 >"$tmp/got" &
	receiver=$!
	ipcctl send mbox:box lines timeout 20 <"$tmp/numbers" && wait "$receiver" && cmp "$tmp/numbers" "$tmp/got"
}
run five_thousand_lines_arrive_in_order many_through_a_pipe

finished
