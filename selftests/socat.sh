#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A program that knows nothing of dipc uses it: socat's generic sockets, with
# the family's number and addresses in hexadecimal. KTAP.
#
# Messages to a port or a name; then links, which socat takes for any other
# connection: large amounts, both ways at once, and the end of one direction.
#
# suite-timeout: 400

set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"; jobs -p | xargs -r kill 2>/dev/null' EXIT
n=0 failed=0

result()
{
	local status=$1
	shift

	n=$((n + 1))
	if [ "$status" = 0 ]; then
		echo "ok $n $*"
	else
		echo "not ok $n $*"
		failed=$((failed + 1))
		sed 's/^/# /' "$tmp"/*.log 2>/dev/null
	fi
}

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 4
}

echo 'TAP version 13'
command -v socat >/dev/null || skip_all 'no socat'
family=$(cat /sys/module/dipc/parameters/family 2>/dev/null) || skip_all 'no module'

# What follows the family in struct sockaddr_dipc, in hex and this machine's
# byte order: type, scope, node, port, reserved[2], name[64].
little_endian()
{
	[ "$(printf '\1\0' | od -An -tu2 | tr -d ' ')" = 1 ]
}

# integer BYTES VALUE
integer()
{
	local hex i out=''

	hex=$(printf '%0*x' $(($1 * 2)) "$2")
	little_endian || { printf %s "$hex"; return; }
	for ((i = ${#hex} - 2; i >= 0; i -= 2)); do
		out+=${hex:i:2}
	done
	printf %s "$out"
}

# address TYPE PORT NAME
address()
{
	local name

	name=$(printf %s "$3" | od -An -v -tx1 | tr -d ' \n')
	printf 'x%02x00%s%s%032x%s' "$1" "$(integer 4 0)" "$(integer 8 "$2")" 0 "$name"
	printf "%0$((128 - ${#name}))d" 0
}

port() { address 1 "$1" ''; }
name() { address 2 0 "$1"; }

# until COMMAND…: look until it is so, for 20 s at most
until_so()
{
	local end=$((SECONDS + 20))

	until "$@" 2>/dev/null; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# sent ADDRESS TEXT: fails until somebody has the address.
sent()
{
	printf '%s\n' "$2" |
		timeout 20 socat -u - "SOCKET-SENDTO:$family:4:0:$1" 2>"$tmp/send.log"
}

holds()
{
	[ "$(cat "$1")" = "$2" ]
}

echo 1..12

# one_way TYPE ADDRESS TEXT: a receiver of that type gets what is sent. What
# it does then, ends it or not, is its own business.
one_way()
{
	local receiver status=1

	timeout 60 socat -u "SOCKET-RECVFROM:$family:$1:0:$2" "CREATE:$tmp/got" 2>"$tmp/recv.log" &
	receiver=$!
	until_so sent "$2" "$3" && until_so holds "$tmp/got" "$3" && status=0
	kill "$receiver" 2>/dev/null
	wait "$receiver" 2>/dev/null
	rm -f "$tmp/got"
	return $status
}

# SOCK_RDM is 4, SOCK_DGRAM 2.
one_way 4 "$(port 5001)" 'hello from socat'
result $? 'sendto_recvfrom_by_number'
one_way 2 "$(port 5002)" 'from one type to the other'
result $? 'sendto_recvfrom_between_socket_types'
one_way 4 "$(name socat.selftest)" 'by name'
result $? 'sendto_recvfrom_by_name'

# The receiver answers the source that it was given.
to=$(port 5003)
# shellcheck disable=SC2016	# for the shell that socat starts
timeout 60 socat "SOCKET-RECVFROM:$family:4:0:$to,fork" 'SYSTEM:read -r a; echo got \$a' 2>"$tmp/recv.log" &
server=$!
asked()
{
	printf 'this\n' |
		timeout 20 socat -t 3 - "SOCKET-SENDTO:$family:4:0:$to" >"$tmp/answer" 2>"$tmp/send.log"
	holds "$tmp/answer" "got this"
}
until_so asked
result $? 'receiver_answers_the_source'
kill "$server" 2>/dev/null
wait "$server" 2>/dev/null

# And who is not there is told of as such.
! sent "$(name socat.nobody)" 'hello' && grep -q 'No such file or directory' "$tmp/send.log"
result $? 'absent_name_is_enoent'


# Links. What goes through is 100 MiB, less where the kernel is slow; what
# comes back differs from it.
mib=100 limit=200
if [ "${DIPC_SLOW:-1}" -gt 1 ]; then
	mib=4 limit=$((20 * DIPC_SLOW))
fi
there=$tmp/there some=$tmp/some
seq 1 100000000 | head -c $((mib << 20)) >"$there"
head -c 5000001 "$there" >"$some"
# back MIB
back()
{
	echo 'and back'
	head -c $(($1 << 20)) "$there"
}

# SOCK_STREAM is 1, SOCK_SEQPACKET 5. -t: how long socat goes on when one
# direction has ended; it would be half a second.
socat_link()
{
	timeout "$limit" socat -b 32768 -t "$limit" "$@"
}

# serve TYPE ADDRESS WITH: one connection
serve()
{
	socat_link "SOCKET-LISTEN:$family:0:$2,type=$1" "$3" 2>"$tmp/serve.log" &
	server=$!
}

# ask TYPE ADDRESS: standard input to standard output by way of the server.
# While the server is not there yet, nothing of the input is read.
ask()
{
	socat_link - "SOCKET-CONNECT:$family:0:$2,type=$1" 2>"$tmp/ask.log"
}

# ends: the server has, and all was well for it
ends()
{
	wait "$server"
}

asked_both_ways()
{
	ask "$1" "$2" <"$there" >"$tmp/answer"
}

# both_ways TYPE ADDRESS MIB: the last is how much comes back
both_ways()
{
	local status=1

	mkfifo "$tmp/to_server"
	back "$3" >"$tmp/to_server" &
	serve "$1" "$2" "OPEN:$tmp/to_server,rdonly!!CREATE:$tmp/arrived"
	until_so asked_both_ways "$1" "$2" && ends &&
		[ "$(cksum <"$tmp/arrived")" = "$(cksum <"$there")" ] &&
		[ "$(cksum <"$tmp/answer")" = "$(back "$3" | cksum)" ] && status=0
	rm -f "$tmp/to_server" "$tmp/arrived" "$tmp/answer"
	return $status
}

both_ways 1 "$(port 5011)" 100
result $? "stream_moves_much_both_ways_at_once"
both_ways 5 "$(name socat.seqpacket)" 10
result $? "seqpacket_moves_much_both_ways_at_once"

# Who answers when the input has ended must have seen its end, and can still
# send when the other no longer does.
asked_for_sum()
{
	ask "$1" "$2" <"$some" >"$tmp/answer"
}

half_close()
{
	serve "$1" "$2" 'SYSTEM:cksum'
	until_so asked_for_sum "$1" "$2" && ends &&
		holds "$tmp/answer" "$(cksum <"$some")"
}

half_close 1 "$(name socat.half)"
result $? "stream_is_answered_after_the_end_of_input"
half_close 5 "$(port 5012)"
result $? "seqpacket_is_answered_after_the_end_of_input"

# A stream under a name as a pipe: programs at its ends that know of no socket.
pipe_in()
{
	dd if="$some" bs=5000 2>/dev/null |
		socat_link -u - "SOCKET-CONNECT:$family:0:$1,type=1" 2>"$tmp/ask.log"
}

named_pipe()
{
	local reader

	# shellcheck disable=SC2094	# one log, of socat alone
	(set -o pipefail
	 socat_link -u "SOCKET-LISTEN:$family:0:$1,type=1" - 2>"$tmp/serve.log" |
		 cat | cksum >"$tmp/answer") &
	reader=$!
	until_so pipe_in "$1" && wait "$reader" && holds "$tmp/answer" "$(cksum <"$some")"
}

named_pipe "$(name socat.pipe)"
result $? "stream_is_a_named_pipe"

# A reader that leaves is noticed by the writer, as in a pipe.
left_behind()
{
	! socat_link -u "OPEN:$there" "SOCKET-CONNECT:$family:0:$1,type=1" 2>"$tmp/ask.log" &&
		grep -q 'Broken pipe' "$tmp/ask.log"
}

leave_early()
{
	local reader

	(socat_link -u "SOCKET-LISTEN:$family:0:$1,type=1" - 2>"$tmp/serve.log" |
		 head -c 100000 | cksum >"$tmp/answer") &
	reader=$!
	until_so left_behind "$1" && wait "$reader" &&
		holds "$tmp/answer" "$(head -c 100000 "$there" | cksum)"
}

leave_early "$(port 5013)"
result $? "stream_whose_reader_leaves"

# Who has nobody listening, and who is of the other type.
! socat_link -u "OPEN:$there" "SOCKET-CONNECT:$family:0:$(port 5014),type=1" 2>"$tmp/ask.log" &&
	grep -q 'Connection refused' "$tmp/ask.log"
result $? "absent_listener_is_econnrefused"

[ "$failed" = 0 ]
