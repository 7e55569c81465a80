#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ipcctl call on the module: who waits for whom, in text and in JSON; and that
# those who wait for each other in a circle are found, and nobody else.
#
# suite-timeout: 600

# shellcheck source=selftests/lib/ipcctl.sh
. "$(dirname "$0")/lib/ipcctl.sh"
PID_server=0 PID_client=0 PID_late=0 PID_one=0 PID_two=0 PID_three=0 PID_self=0
waits=$(cd "$(dirname "$0")" && pwd)/tools/waits

# json EXPRESSION COMMAND…: the output is JSON, of which the expression is true
json()
{
	local expression=$1
	shift
	"$@" >"$tmp/json" &&
	/usr/bin/python3 -c '
import json, os, sys
text = open(sys.argv[1]).read()
j = json.loads(text)
def calls(state): return [c for c in j if c["state"] == state]
e = {k: int(v) for k, v in os.environ.items() if k.startswith("PID_")}
good = eval(sys.argv[2])
if not good: print(sys.argv[2], text, e, sep="\n")
sys.exit(not good)' "$tmp/json" "${expression//[$'\n\t']/ }"
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

# start NAME ARGUMENTS…: a process as tools/waits.c says; PID_NAME is its number
start()
{
	local name=$1
	shift
	# else the one before is read, until it is opened anew in the background
	rm -f "$tmp/$name"
	"$waits" "$@" >"$tmp/$name" 2>&1 &
	pids+=($!)
	export "PID_$name=$!"
	until_ok grep -qx ready "$tmp/$name"
}

# end NAME…: it is killed
end()
{
	local name pid

	for name in "$@"; do
		pid=PID_$name
		kill "${!pid}" 2>/dev/null
		wait "${!pid}" 2>/dev/null
	done
}

has_calls()	# STATE NUMBER…: so many in that state
{
	local state

	ipcctl -j call >"$tmp/has" || return 1
	while [ $# -gt 0 ]; do
		state=$(grep -o "\"state\":\"$1\"" "$tmp/has" | wc -l)
		[ "$state" = "$2" ] || return 1
		shift 2
	done
}

has_no_calls()
{
	[ "$(ipcctl -j call)" = '[]' ]
}

# text EXPRESSION: a line of the table
text()
{
	ipcctl call >"$tmp/text"
	grep -qE "$1" "$tmp/text" && return
	cat "$tmp/text"
	return 1
}

# cycles LINE…: these and no others
cycles()
{
	ipcctl call >"$tmp/text"
	grep '^cycle:' "$tmp/text" >"$tmp/cycles"
	[ "$(wc -l <"$tmp/cycles")" = $# ] &&
	for line; do
		grep -qxF "cycle: $line" "$tmp/cycles" || { cat "$tmp/text"; return 1; }
	done
}

# The program, where those may run it who may not read the build's directory.
chmod 755 "$tmp"
cp "$(command -v ipcctl)" "$tmp/ipcctl"
as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/ipcctl" "$@"
}

echo 'TAP version 13'

# one call, in each state
run no_call_is_an_empty_array json 'j == []' ipcctl -j call show
run no_call_is_no_table test -z "$(ipcctl call show)"

# nobody takes it: the server takes one request only
start server a - >"$tmp/why"
start client - a >>"$tmp/why"
run call_is_taken until_ok has_calls taken 1
start late -t 3600000 - a >"$tmp/why"
run the_next_is_queued until_ok has_calls taken 1 queued 1
number='port:[0-9]+'
run text_has_titles text '^STATE +SINCE +CLIENT +FROM +SERVER +TO +ID +TRY +SEMANTICS +LEFT +BYTES +CYCLE$'
run taken_call_in_text text \
	"^taken +[0-9.]+m?s +$PID_client waits +$number +$PID_server waits +$number +[0-9]+ +1 +at-most-once +- +3 +-$"
run queued_call_in_text text \
	"^queued +[0-9.]+m?s +$PID_late waits +$number +$PID_server waits +$number +[0-9]+ +1 +at-most-once +(1h00m|59m[0-9]+s) +3 +-$"
run there_is_no_cycle cycles
run taken_call_in_json json '[(c["client"]["pid"], c["client"]["tid"], c["client"]["command"], c["client"]["uid"],
	c["server"]["pid"], c["server"]["tid"], c["server"]["command"], c["server"]["port"] == c["queue"]["port"],
	c["queue"]["pid"], c["len"], c["attempt"], c["semantics"], c["async"], c["cycle"], "deadline-ns" in c,
	"cookie" in c, c["client"]["address"] == "port:%d" % c["client"]["port"], c["age-ns"] > 0, c["id"] > 0)
	for c in calls("taken")] == [(e["PID_client"], e["PID_client"], "waits", 0, e["PID_server"], e["PID_server"],
	"waits", True, e["PID_server"], 3, 1, "at-most-once", False, [], False, False, True, True, True)]' \
	ipcctl -j call
run queued_call_in_json json '[(c["client"]["pid"], "server" in c, c["queue"]["pid"], c["queue"]["command"],
	0 < c["deadline-ns"] <= 3600 * 10**9) for c in calls("queued")] ==
	[(e["PID_late"], False, e["PID_server"], "waits", True)]' ipcctl -j call
run details_are_under_each test "$(ipcctl -d call | grep -c '^    by root, reply up to 4k bytes$')" = 2
port=$(ipcctl -j call | sed 's/.*"client":{"port":\([0-9]*\).*/\1/')
run calls_of_a_port json 'len(j) == 1' ipcctl -j call show "port:$port"
run calls_of_the_server json 'len(j) == 2' ipcctl -j call show \
	"$(ipcctl -j call | sed 's/.*"queue":{"address":"port:\([0-9]*\)".*/\1/')"
run calls_of_another_port json 'j == []' ipcctl -j call show 4711
run calls_are_not_for_everybody json 'j == []' as_nobody -j call
end server
run calls_end_with_their_server until_ok has_no_calls

start client -a - mbox:box >"$tmp/why"
until_ok grep -q 'No such file' "$tmp/client"
ipcctl mailbox add box >"$tmp/why"
start client -a - mbox:box >"$tmp/why"
run asynchronous_call_is_queued until_ok has_calls queued 1
run mailbox_in_text text "^queued +[0-9.]+m?s +$PID_client waits +$number +- +mbox:box +"
run mailbox_and_cookie_in_json json 'len(j) == 1 and j[0]["queue"] == {"address": "mbox:box", "mailbox": "box"} and
	j[0]["async"] and j[0]["cookie"] == 7' ipcctl -j call
run cookie_is_a_detail test "$(ipcctl -d call | grep -c '^    by root, asynchronous, cookie 7, reply up to 4k bytes$')" = 1
start server mbox:box - >"$tmp/why"
run it_is_taken_from_there until_ok has_calls taken 1
run way_through_the_mailbox_is_a_detail test \
	"$(ipcctl -d call | grep -c '^    by root, asynchronous, cookie 7, through mbox:box, reply up to 4k bytes$')" = 1
end server client
run nothing_is_left until_ok has_no_calls
ipcctl mailbox del box >"$tmp/why"

# one that is to be sent again, when there is somebody
start server a - >"$tmp/why"
start client -r - a >"$tmp/why"
run repeated_call_is_taken until_ok has_calls taken 1
end server
run without_a_server_it_is_new until_ok has_calls new 1
# it may have been tried again by now
run where_it_is_sent_to_in_text text "^new +[0-9.]+m?s +$PID_client waits +$number +- +a +[0-9]+ +[1-9][0-9]* +at-least-once +- +3 +-$"
run where_it_is_sent_to_in_json json 'len(j) == 1 and j[0]["name"] == "a" and "server" not in j[0] and
	"queue" not in j[0]' ipcctl -j call
end client
run nothing_is_left_of_it until_ok has_no_calls

# cycles
start one a b >"$tmp/why"
start two b a >"$tmp/why"
start client - a >"$tmp/why"
run two_wait_for_each_other until_ok has_calls taken 2 queued 1
run cycle_of_two_is_a_line cycles "$PID_one -> $PID_two -> $PID_one"
run cycle_marks_its_calls test "$(ipcctl call | grep -c ' yes$')" = 2
run who_waits_for_them_is_not_in_it text "^taken .* $PID_client waits .* -$"
run cycle_of_two_in_json json '[(c["client"]["pid"], c["cycle"]) for c in sorted(j, key=lambda c: c["client"]["pid"])] == [
	(e["PID_one"], [e["PID_one"], e["PID_two"], e["PID_one"]]),
	(e["PID_two"], [e["PID_two"], e["PID_one"], e["PID_two"]]), (e["PID_client"], [])]' ipcctl -j call
end one
run cycle_ends_with_one_of_them until_ok has_no_calls
# their calls have ended, but not yet they, with their names
end two client

start one a b >"$tmp/why"
start two b c >"$tmp/why"
start three c a >"$tmp/why"
start client - a >"$tmp/why"
run three_wait_for_each_other until_ok has_calls taken 3 queued 1
run cycle_of_three_is_a_line cycles "$PID_one -> $PID_two -> $PID_three -> $PID_one"
run cycle_of_three_in_json json '[c["cycle"] for c in j if c["client"]["pid"] == e["PID_two"]] ==
	[[e["PID_two"], e["PID_three"], e["PID_one"], e["PID_two"]]]' ipcctl -j call
# another one beside it
start self d d >"$tmp/why"
start other - d >"$tmp/why"
run one_waits_for_itself until_ok has_calls taken 4 queued 2
run two_cycles_are_two_lines cycles "$PID_one -> $PID_two -> $PID_three -> $PID_one" "$PID_self -> $PID_self"
end three self
run cycles_end until_ok has_no_calls
end one two client other

# in a row, and nobody waits for one of those before
start one a b >"$tmp/why"
start two b c >"$tmp/why"
start three c - >"$tmp/why"
start client - a >"$tmp/why"
run four_in_a_row until_ok has_calls taken 3
run row_is_no_cycle cycles
end three
run row_ends until_ok has_no_calls
end one two client

# the client of the last call does not sleep in it
start one a b >"$tmp/why"
start two -a b a >"$tmp/why"
start client - a >"$tmp/why"
run last_one_is_asynchronous until_ok has_calls taken 2 queued 1
run asynchronous_call_is_in_no_cycle cycles
end one

finished
