#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ipcctl on the module: each command, its text, its JSON, its errors and its
# exit status; and that the kernel's own netlink tool understands the family
# by its specification. What needs no module is tested when it is built.
#
# suite-timeout: 600

# shellcheck source=selftests/lib/ipcctl.sh
. "$(dirname "$0")/lib/ipcctl.sh"

# prints COMMAND…: it succeeds, says what is on standard input, and no more.
prints()
{
	cat >"$tmp/should"
	"$@" >"$tmp/is" 2>&1 && diff "$tmp/should" "$tmp/is"
}

# fails STATUS TEXT COMMAND…: with that text on standard error and nothing else.
fails()
{
	local status=$1 text=$2 got
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	[ "$got" = "$status" ] && [ ! -s "$tmp/out" ] && grep -qF "$text" "$tmp/err" && return
	echo "$*: status $got"
	cat "$tmp/out" "$tmp/err"
	return 1
}

# json NAME EXPRESSION COMMAND…: each line of the output is JSON, of which the
# expression is true, with j for the first line and lines for all. They are
# judged all at once, by json_verdicts: python is slow to start.
json()
{
	local name=$1 expression=${2//[$'\n\t']/ }
	shift 2
	{
		printf '%s\n%s\n' "$name" "$expression"
		"$@" 2>&1 | tr '\n' '\t'
		echo
	} >>"$tmp/json"
}

json_verdicts()
{
	local status name

	/usr/bin/python3 -c '
import json, sys
rows = open(sys.argv[1]).read().split("\n")
for name, expression, text in zip(*[iter(rows)] * 3):
    try:
        lines = [json.loads(line) for line in text.rstrip("\t").split("\t")]
        j = lines[0]
        good = eval(expression)
    except Exception as e:
        good = False
        text += f" ({e!r})"
    if not good:
        print("#", expression, "#", text[:1000])
    print(0 if good else 1, name)
' "$tmp/json" >"$tmp/verdicts" 2>"$tmp/why" || result 1 json_is_judged
	while read -r status name; do
		if [ "$status" = '#' ]; then
			echo "# $name"
		else
			result "$status" "$name"
		fi
	done <"$tmp/verdicts"
}

# until COMMAND…: again and again, up to 20 seconds of nothing but waiting
until_ok()
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

# The program, where those may run it who may not read the build's directory.
chmod 755 "$tmp"
cp "$(command -v ipcctl)" "$tmp/ipcctl"
as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/ipcctl" "$@"
}

echo 'TAP version 13'

# node
run node_is_told prints ipcctl node <<-END
	node            0
	address family  $(cat /sys/module/dipc/parameters/family)
	module version  $(cat /sys/module/dipc/version)
END
json node_json "j['family'] > 0 and j['id'] == 0 and j['version'][0].isdigit()" ipcctl -j node

# nothing yet
run nothing_is_an_empty_table prints ipcctl mailbox </dev/null
json nothing_is_an_empty_array 'j == []' ipcctl mailbox show -j
json no_port_is_an_empty_array 'j == []' ipcctl port -j
json no_name_is_an_empty_array 'j == []' ipcctl name -j

# making
run mailbox_add prints ipcctl mailbox add orders </dev/null
run mailbox_add_with_everything prints ipcctl mailbox add mbox:all mode 0620 msgs 10 bytes 3M \
	msg-max 100k policy drop-oldest order priority uid 4243 gid 4242 scope node transient </dev/null
run mailbox_add_again_fails fails 1 'orders: the name is taken (File exists)' ipcctl mailbox add orders
run mailbox_add_tells_of_the_limit_that_is_wrong fails 1 'bytes: capacity-bytes is below' \
	ipcctl mailbox add x bytes 1k msg-max 2k
run reserved_name_is_refused_by_the_kernel fails 1 'not a name' ipcctl mailbox add dipc.x
run mailbox_table prints ipcctl mailbox <<-'END'
	MAILBOX      OWNER  GROUP  MODE  MSGS   BYTES  MSG-MAX  POLICY       ORDER     USERS  WAITING  DROPPED  LIFE
	mbox:orders  root   root   0600  0/256  0/1M       64k  wait         fifo          0  0/0            0  persistent
	mbox:all     4243   4242   0620  0/10   0/3M      100k  drop-oldest  priority      0  0/0            0  transient
END
run mailbox_alone prints ipcctl mailbox show mbox:all <<-'END'
	MAILBOX  mbox:all
	OWNER    4243
	GROUP    4242
	MODE     0620
	MSGS     0/10
	BYTES    0/3M
	MSG-MAX  100k
	POLICY   drop-oldest
	ORDER    priority
	USERS    0
	WAITING  0/0
	DROPPED  0
	LIFE     transient
END
json mailbox_json '[m["name"] for m in j] == ["orders", "all"] and j[1] == {"name": "all",
	"address": "mbox:all", "uid": 4243, "gid": 4242, "mode": "0620", "transient": True,
	"scope": "node", "policy": "drop-oldest", "order": "priority", "capacity-msgs": 10, "capacity-bytes": 3 << 20,
	"msg-max-bytes": 100 << 10, "queued-msgs": 0, "queued-bytes": 0, "users": 0,
	"waiting-senders": 0, "waiting-receivers": 0, "dropped": 0}' ipcctl -j mailbox show
json mailbox_alone_is_an_array_of_one 'len(j) == 1 and j[0]["name"] == "orders"' ipcctl mailbox show orders -j
run mailbox_that_is_not_there fails 1 'nix: no such mailbox (No such file or directory)' ipcctl -j mailbox show nix

# changing
run mailbox_set prints ipcctl mailbox set orders policy refuse msgs 2 </dev/null
json mailbox_set_leaves_the_rest 'j[0]["policy"] == "refuse" and j[0]["capacity-msgs"] == 2 and
	j[0]["mode"] == "0600" and j[0]["capacity-bytes"] == 1 << 20' ipcctl -j mailbox show orders
run order_cannot_be_unknown fails 2 "order 'lifo': one of fifo priority" ipcctl mailbox set orders order lifo
run mailbox_set_of_what_is_not_there fails 1 'no such mailbox' ipcctl mailbox set nix mode 600
run only_its_owner_may_set fails 1 'only its owner, or CAP_IPC_OWNER, may do that (Operation not permitted)' \
	as_nobody mailbox set orders mode 666
run only_its_owner_may_delete fails 1 'only its owner' as_nobody mailbox del orders
run only_its_owner_may_purge fails 1 'only its owner' as_nobody mailbox purge orders
run giving_away_needs_privilege fails 1 'uid: giving it to another user' as_nobody mailbox add his uid root
json everybody_may_look 'len(j) == 2' as_nobody -j mailbox

# messages
printf 'one\ntwo\nthree\n' >"$tmp/lines"
producer -k orders "$tmp/lines" >"$tmp/why" 2>&1
run order_stays_while_messages_are_queued fails 1 'orders: order: there are messages in it' \
	ipcctl mailbox set orders order priority
json messages_are_counted 'j[0]["queued-msgs"] == 2 and j[0]["queued-bytes"] == 6' ipcctl -j mailbox show orders
run mailbox_purge prints ipcctl mailbox purge orders all <<-'END'
	MAILBOX      PURGED
	mbox:orders       2
	mbox:all          0
END
json mailbox_purge_json 'j == [{"name": "orders", "address": "mbox:orders", "purged": 0}]' ipcctl -j mailbox purge orders
run mailbox_purge_goes_on_after_a_failure fails 1 'nix: no such mailbox' ipcctl mailbox purge nix
json stats_json 'j["mailboxes"] == 2 and j["names"] == 2 and j["ports"] == 0 and
	j["counters"]["queued"] == 2 and j["counters"]["refused"] == 1 and
	j["counters"]["drop-purged"] == 2 and len(j["counters"]) >= 24' ipcctl -j stats
ipcctl stats >"$tmp/stats" 2>&1
run stats_text grep -qE '^drop-purged +2$' "$tmp/stats"

# ports and names
server=$(echo-server -b printer)
pids+=("$server")
port=$(ipcctl -j name show printer | sed -n 's/.*"ports":\[\([0-9]*\)\].*/\1/p')
server_waits()
{
	[[ $(ipcctl -j port show "$port") = *'"waiting-receivers":1,'* ]]
}
run server_waits until_ok server_waits
run name_table prints ipcctl name <<-END
	NAME         OF       OWNER  SCOPE    TYPE  PORTS
	mbox:orders  mailbox  root   default  -     -
	mbox:all     mailbox  4243   node     -     -
	printer      port     root   default  rdm   port:$port
END
json name_json 'j == [{"name": "printer", "address": "printer", "type": "port", "uid": 0, "scope": "default",
	"socket-type": "rdm", "port-count": 1, "ports": ['"${port:-0}"']}]' ipcctl name show printer -j
run name_that_is_not_there fails 1 'nix: nobody has this name' ipcctl name show nix
ipcctl port >"$tmp/ports" 2>&1
run port_table grep -qE "^port:$port +[0-9]+ +root +rdm +0/[0-9]+ +wait +0/1 +0 +itself +printer\$" "$tmp/ports"
json port_json 'len(j) == 1 and j[0]["id"] == '"${port:-0}"' and j[0]["names"] == ["printer"] and j[0]["pid"] > 0 and
	j[0]["address"] == "port:'"$port"'" and j[0]["socket-type"] == "rdm" and j[0]["policy"] == "wait" and
	"mailbox" not in j[0]' ipcctl -j port show "port:$port"
json port_by_number 'j[0]["id"] == '"${port:-0}" ipcctl -j port show "$port"
run port_that_is_not_there fails 1 '77: nobody has this port number' ipcctl port show 77
consumer all >"$tmp/consumed" 2>&1 &
pids+=($!)
has_user()
{
	[[ $(ipcctl -j mailbox show all) = *'"users":1,'*'"waiting-receivers":1,'* ]]
}
run consumer_is_a_user until_ok has_user
json port_of_a_mailbox_user '[(p["mailbox"], p["names"]) for p in j if "mailbox" in p] == [("all", [])]' ipcctl -j port
ipcctl port >"$tmp/ports" 2>&1
run port_of_a_mailbox_user_in_text grep -qE ' -  +-  +-  +-  +mbox:all  +-$' "$tmp/ports"

# other namespaces
json other_namespace_is_empty 'j == []' unshare -n ipcctl -j mailbox

# who waits
json who_waits_json 'len(j) == 1 and [(w["waits-for"], w["uid"], "tag" in w, "source" in w) for w in j[0]["waiters"]] ==
	[("message", 0, False, False)] and j[0]["waiters"][0]["pid"] > 0' ipcctl -j port show "$port"
json who_waits_is_a_detail '[("waiters" in p) for p in j] == [False] * len(j)' ipcctl -j port
json details_are_asked_for 'all("waiters" in p or "mailbox" in p for p in j)' ipcctl -d -j port
ipcctl port show "$port" >"$tmp/item" 2>&1
run who_waits_text grep -qE "^    pid [0-9]+ \(root\) waits for a message\$" "$tmp/item"
ipcctl -d port >"$tmp/item" 2>&1
run who_waits_is_under_its_port grep -qE -A1 "^    pid [0-9]+ \(root\) waits for a message\$" "$tmp/item"
json who_waits_is_not_for_everybody 'len(j) == 1 and "waiters" not in j[0]' as_nobody -j port show "$port"
as_nobody port show "$port" >"$tmp/item" 2>&1
run who_may_not_know_is_told grep -qx '    who waits is not for everybody to know' "$tmp/item"
json who_waits_in_a_mailbox 'j[0]["waiters"][0]["waits-for"] == "message"' ipcctl -j mailbox show all

# what is in a mailbox
ipcctl mailbox set orders msgs 100
printf '%s' one >"$tmp/one"
head -c 100 /dev/zero | tr '\0' x >"$tmp/long"
ipcctl send orders - <"$tmp/one" 2>"$tmp/why"
ipcctl send mbox:orders tag 255 priority 7 deadline 1h - <"$tmp/long" 2>>"$tmp/why"
ipcctl send mbox:orders $'\001"' 2>>"$tmp/why"
json peek_json '[(m["len"], m["tag"], m["priority"], m.get("payload"), "deadline-ns" in m) for m in j] == [
	(3, 0, 0, "one", False), (100, 255, 7, 64 * "x", True), (2, 0, 0, None, False)] and
	j[2]["payload-hex"] == "0122" and j[0]["seq"] < j[1]["seq"] < j[2]["seq"] and j[0]["uid"] == 0 and
	0 < j[1]["deadline-ns"] < 3600 * 10**9 and j[0]["age-ns"] > 0' ipcctl -j mailbox peek orders
json peek_count_from_bytes 'len(j) == 1 and j[0]["len"] == 100 and j[0]["payload"] == "xx"' \
	ipcctl -j mailbox peek orders count 1 bytes 2 from \
	"$(ipcctl -j mailbox peek orders | sed 's/.*"seq":\([0-9]*\),"source":[0-9]*,"id":[0-9]*,"pid":[0-9]*,"uid":0,"tag":255.*/\1/')"
json peek_leaves_the_messages 'j[0]["queued-msgs"] == 3' ipcctl -j mailbox show orders
ipcctl mailbox peek orders >"$tmp/peek" 2>&1
run peek_text_has_a_title grep -qE '^SEQ +FROM +PID +USER +TAG +PRIO +LENGTH +AGE +DEADLINE +PAYLOAD$' "$tmp/peek"
run peek_text_shows_text grep -qE ' root +0x0 +0 +3 +[0-9.]+m?s +- +"one"$' "$tmp/peek"
run peek_text_shows_what_is_cut grep -qE ' 0xff +7 +100 +[0-9.]+m?s +[0-9]+m[0-9]+s +"x{64}"\.\.\.$' "$tmp/peek"
run peek_text_shows_bytes grep -qE ' 0x0122$' "$tmp/peek"
run peek_is_not_for_everybody fails 1 'orders: that needs the permission to receive from it (Permission denied)' \
	as_nobody mailbox peek orders
run peek_at_what_is_not_there fails 1 'nix: no such mailbox' ipcctl mailbox peek nix
ipcctl mailbox purge orders >"$tmp/why" 2>&1
json peek_at_nothing 'j == []' ipcctl -j mailbox peek orders

# connections
json no_link_is_an_empty_array 'j == []' ipcctl -j link
run no_link_is_an_empty_table prints ipcctl link </dev/null
stream -c read tube >"$tmp/tube" 2>&1 &
pids+=($!)
listens()
{
	ipcctl -d port >"$tmp/listens" && grep -qE '^    listens: 0 of [0-9]+ connections' "$tmp/listens"
}
run listener_is_shown_under_its_port until_ok listens
json listener_json '[p["pending"] for p in j if "backlog" in p] == [0] and
	all(p["socket-type"] == "stream" and p["names"] == ["tube"] for p in j if "backlog" in p)' ipcctl -j port
mkfifo "$tmp/fifo"
exec 9<>"$tmp/fifo"
stream write tube <"$tmp/fifo" >"$tmp/why" 2>&1 9>&- &
pids+=($!)
is_linked()
{
	ipcctl link >"$tmp/link" &&
	grep -qE '^stream +[a-z-]+ +port:[0-9]+ +[0-9]+ +root +0/0 +(<->|-->|<--) +port:[0-9]+ +[0-9]+ +root +0/0 +tube$' "$tmp/link"
}
run connection_is_one_line until_ok is_linked
run connection_table_has_nothing_else test "$(wc -l <"$tmp/link")" = 2
json link_json 'len(j) == 1 and j[0]["socket-type"] == "stream" and j[0]["name"] == "tube" and
	j[0]["state"] in ("connected", "half-closed") and len(j[0]["ends"]) == 2 and
	len(set(e["port"] for e in j[0]["ends"])) == 2 and all(e["pid"] > 0 and e["uid"] == 0 and
	e["queued-bytes"] == 0 and e["capacity-bytes"] > 0 for e in j[0]["ends"])' ipcctl -j link
end=$(ipcctl -j link | sed 's/.*"port":\([0-9]*\),.*/\1/')
json link_of_a_port 'len(j) == 1 and all(e["waiters"] == [] for e in j[0]["ends"])' \
	ipcctl -j link show "port:$end"
json who_waits_in_a_link_is_not_for_everybody 'len(j) == 1 and not any("waiters" in e for e in j[0]["ends"])' \
	as_nobody -j -d link
json link_of_another_port 'j == []' ipcctl -j link show 4711
echo through >&9
run it_is_a_connection until_ok grep -qx through "$tmp/tube"
exec 9>&-
no_link()
{
	[ "$(ipcctl -j link)" = '[]' ]
}
run connection_ends until_ok no_link

# deleting
run mailbox_del_goes_on_after_a_failure fails 1 "nix: no such mailbox" ipcctl mailbox del nix orders
json mailbox_is_deleted '[m["name"] for m in j] == ["all"]' ipcctl -j mailbox
run mailbox_del prints ipcctl mailbox del all </dev/null

# many
for ((i = 0; i < 60; i++)); do
	echo "many.$i"
done >"$tmp/many"
while read -r name; do
	ipcctl mailbox add "$name" msgs 1
done <"$tmp/many"
json many_are_shown_in_order '[m["name"] for m in j] == ["many." + str(i) for i in range(60)]' ipcctl -j mailbox
ipcctl mailbox >"$tmp/is" 2>&1
run table_has_a_line_for_each test "$(wc -l <"$tmp/is")" = 61
# shellcheck disable=SC2046	# words
run many_are_deleted_at_once prints ipcctl mailbox del $(cat "$tmp/many") </dev/null

# events
ipcctl monitor >"$tmp/events" 2>"$tmp/events.err" &
pids+=($!)
ipcctl monitor time -j >"$tmp/events.json" 2>"$tmp/events.json.err" &
pids+=($!)
# An event is heard when it listens, which cannot be seen otherwise.
listening()
{
	ipcctl mailbox add probe && ipcctl mailbox del probe
	grep -q 'del mbox:probe' "$tmp/events" && grep -q '"mailbox-del"' "$tmp/events.json"
}
run monitors_listen until_ok listening
ipcctl mailbox add box mode 0640 msgs 3 bytes 2k uid 4243 gid 4242
ipcctl mailbox set box policy drop-newest
kill "$server"
ipcctl mailbox del box
ended()
{
	grep -q 'del mbox:box' "$tmp/events" && grep -q '"mailbox-del",.*"box"' "$tmp/events.json" &&
	grep -q 'name-del' "$tmp/events" && grep -q 'name-del' "$tmp/events.json"
}
run monitors_hear_all until_ok ended
grep 'box:box' "$tmp/events" >"$tmp/box"
run monitor_text prints cat "$tmp/box" <<-'END'
	mailbox-new mbox:box uid 4243 gid 4242 mode 0640 msgs 3 bytes 2k msg-max 2k policy wait order fifo
	mailbox-set mbox:box uid 4243 gid 4242 mode 0640 msgs 3 bytes 2k msg-max 2k policy drop-newest order fifo
	mailbox-del mbox:box uid 4243 gid 4242 mode 0640 msgs 3 bytes 2k msg-max 2k policy drop-newest order fifo
END
run monitor_text_of_a_name grep -qx "name-del printer of port:$port uid root type rdm" "$tmp/events"
grep '"box"' "$tmp/events.json" >"$tmp/box.json"
json monitor_json '[e["event"] for e in lines] == ["mailbox-new", "mailbox-set", "mailbox-del"] and
	all(e["name"] == "box" and e["address"] == "mbox:box" and e["uid"] == 4243 and e["time"][:2] == "20" and
	e["capacity-bytes"] == 2048 for e in lines) and lines[1]["policy"] == "drop-newest"' cat "$tmp/box.json"
grep '"name-del"' "$tmp/events.json" >"$tmp/name.json"
json monitor_json_of_a_name 'len(lines) == 1 and j["name"] == "printer" and j["address"] == "printer" and
	j["port"] == '"${port:-0}"' and j["type"] == "rdm" and j["scope"] == "default"' cat "$tmp/name.json"
run monitors_complain_of_nothing test ! -s "$tmp/events.err" -a ! -s "$tmp/events.json.err"

json_verdicts

# The kernel's own tool, by the specification alone.
ynl()
{
	/usr/bin/python3 "$KSOURCE/tools/net/ynl/cli.py" --no-schema --output-json \
		--spec "$DIPC_TOP/Documentation/netlink/specs/dipc.yaml" "$@"
}
stock_tool_makes_and_shows()
{
	local purged

	purged=$(ipcctl stats | sed -n 's/^drop-purged *//p')
	[ "$purged" -ge 2 ] &&
	ynl --do mailbox-new --json '{"name": "ynl", "mode": 416, "policy": "refuse", "transient": true}' &&
	ynl --dump mailbox-get | tee "$tmp/ynl" &&
	grep -q '"name": "ynl".*"mode": 416' "$tmp/ynl" && grep -q '"policy": "refuse"' "$tmp/ynl" &&
	ynl --do stats-get --json '{}' | tee "$tmp/ynl" &&
	grep -q '"reason": "drop-purged", "name": "drop-purged", "value": '"$purged}" "$tmp/ynl"
}
stock_tool_reads_the_extack()
{
	! ynl --do mailbox-set --json '{"name": "ynl", "capacity-bytes": 1}' >"$tmp/ynl" 2>&1 &&
	grep -q "'msg': 'capacity-bytes is below msg-max-bytes', 'bad-attr': '.capacity-bytes'" "$tmp/ynl"
}
if [ -n "${KSOURCE:-}" ] && /usr/bin/python3 -c 'import yaml' 2>"$tmp/why"; then
	run stock_tool_makes_and_shows stock_tool_makes_and_shows
	run stock_tool_reads_the_extack stock_tool_reads_the_extack
else
	: >"$tmp/why"
	result 0 "stock_tool # SKIP KSOURCE does not say where the kernel's tool is, or there is no python3-yaml"
fi

finished
