#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A program that knows nothing of dipc uses it: socat's generic sockets, with
# the family's number and addresses in hexadecimal. KTAP.
#
# suite-timeout: 120

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

echo 1..5

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

[ "$failed" = 0 ]
