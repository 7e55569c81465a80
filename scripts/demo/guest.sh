#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demonstration, as it runs in the guest, where dipc is loaded and ipcctl
# and the examples of libipc are on PATH. Says what it does, does it, shows
# what came of it, and checks that. Ends with status 0 if all was as it should.

set -u
text=$DIPC_TOP/COPYING
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"; kill $(jobs -p) 2>/dev/null' EXIT
cd "$tmp" || exit 1
checks=0
bold='' green='' red='' plain=''
if [ -n "${DEMO_COLOUR:-}" ]; then
	bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

title()
{
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

# A paragraph; the lines of the here-document as they are.
explain()
{
	sed 's/^./  &/'
}

# A command as a user would type it.
prompt()
{
	local word line=''

	for word in "$@"; do
		case $word in
		*' '*)	line+=" '$word'" ;;
		*)	line+=" $word" ;;
		esac
	done
	printf '    %s#%s%s\n' "$bold" "$line" "$plain"
}

# The same, and what it prints.
run()
{
	prompt "$@"
	"$@" 2>&1 | sed 's/^/    /'
	return "${PIPESTATUS[0]}"
}

fail()
{
	printf '\n  %sFAILED:%s %s\n' "$red" "$plain" "$*"
	exit 1
}

# check WHAT COMMAND…
check()
{
	local what=$1
	shift

	"$@" || fail "$what"
	checks=$((checks + 1))
	printf '  %sok%s  %s\n' "$green" "$plain" "$what"
}

# mailbox NAME KEY: a number from its view.
mailbox()
{
	ipcctl -j mailbox show "$1" | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p"
}

# until_is WANTED COMMAND…: for some seconds at most.
until_is()
{
	local want=$1 end=$((SECONDS + 20))
	shift

	while [ "$("$@")" != "$want" ]; do
		[ "$SECONDS" -lt "$end" ] || fail "waiting for '$*' to be $want"
		sleep 0.05
	done
}

ends_well()
{
	local pid

	for pid in "$@"; do
		wait "$pid" || return 1
	done
}

[ -d /sys/module/dipc ] || fail 'the module is not loaded'
printf '%sThis is Linux %s in QEMU, with %s loaded.%s\n' "$bold" "$(uname -r)" \
	"dipc $(cat /sys/module/dipc/version)" "$plain"

title '1. A mailbox: many senders, many receivers'
explain <<-'END'
	A mailbox is a queue that the kernel keeps under a name. This one holds 16
	messages, and whoever sends one more has to wait.
END
run ipcctl mailbox add paper msgs 16 || fail 'ipcctl mailbox add'
awk '{ printf "%3d  %s\n", NR, $0 }' "$text" >lines
total=$(wc -l <lines)
producers=()
for i in 1 2 3; do
	timeout 100 producer -p $i/3 paper lines 2>put.$i &
	producers+=($!)
done
until_is 3 mailbox paper waiting-senders
explain <<-END

	Three processes are putting the $total lines of the file COPYING into it, each
	every third line. Nobody takes any yet. So it is full, and all three sleep:
END
run ipcctl mailbox show
consumers=()
for i in a b c d; do
	timeout 100 consumer -d 1 -l $i -e END paper >took.$i 2>took.$i.sum &
	consumers+=($!)
done
echo
check 'four consumers have come, and the producers got rid of all' ends_well "${producers[@]}"
printf 'END\nEND\nEND\nEND\n' | producer paper 2>/dev/null || fail 'the end'
check 'each consumer was told the end by a message of its own' ends_well "${consumers[@]}"
sed 's/^/    /' put.? took.?.sum
explain <<-'END'

	Who took which line is chance. For example, with the consumer in front:
END
sort -t$'\t' -k2n took.[a-d] >all
sed -n '121,125p' all | cut -c1-68 | expand -t4 | sed 's/^/    /'
explain <<-'END'

	Sorted by their numbers, the lines must be the text again:
END
cut -f2- all >again
check "all $total lines arrived, each exactly once" cmp lines again

title '2. A port with a name, and a reply to the sender'
explain <<-'END'
	Every socket has a port: a queue of its own. A server binds a name to it.
	A client needs no name: the reply goes to the address it sent from.
END
run hello || fail 'hello'
explain <<-'END'

	The same between two programs; the server goes on in the background:
END
server=$(echo-server -b -t 100000 greeter) || fail 'echo-server'
prompt echo-server -b greeter
run echo-client greeter 'Is anybody there?' | tee reply
check 'the client got its words back' grep -q '^ *Is anybody there?$' reply

title '3. What exists, and what became of the messages'
run ipcctl port show
run ipcctl name show
prompt ipcctl stats
ipcctl stats | awk '$NF != 0' | sed 's/^/    /'
explain <<-'END'
	... and more counters, which are 0.
	Handed: to somebody who was waiting for it. Waited: the sender had to.
END
kill "$server"

title '4. A full mailbox, under each of the four policies'
explain <<-'END'
	Room for three messages; four are sent: 1, 2, 3 and 4.

	policy       the sender of the fourth     the mailbox then gives
END

# outcome POLICY WHAT-THE-SENDER-IS-TOLD GIVES: sends and receives, compares.
outcome()
{
	local policy=$1 told=$2 should=$3 gives said

	ipcctl mailbox add "$policy" msgs 3 policy "$policy" || fail "mailbox $policy"
	if [ "$policy" = wait ]; then
		printf '%s\n' 1 2 3 4 | timeout 50 producer wait 2>said &
		until_is 1 mailbox wait waiting-senders
	else
		printf '%s\n' 1 2 3 4 | producer -k "$policy" 2>said
	fi
	gives=$(consumer -t 0 "$policy" 2>/dev/null | paste -sd' ')
	if [ "$policy" = wait ]; then
		wait $! || fail 'the sender that waited'
	fi
	said=$(sed 's/^producer 1.1: //; s/^3 put, 1 not taken: //' said)
	printf '  %-12s %-28s %s\n' "$policy" "$told" "$gives"
	[ "$gives" = "$should" ] || fail "$policy gives '$gives', not '$should'"
	case $policy in
	refuse)	[ "$said" = 'No buffer space available' ] ;;
	*)	[ "$said" = '4 put' ] ;;
	esac || fail "$policy: the sender was told '$said'"
	outcomes=$((outcomes + 1))
}

outcomes=0
outcome wait 'sleeps till one is taken' '1 2 3 4'
outcome refuse 'is refused (ENOBUFS)' '1 2 3'
outcome drop-newest 'is not told' '1 2 3'
outcome drop-oldest 'is not told' '2 3 4'
check 'each sender was told, and each mailbox gave, what it should' \
	test "$outcomes" = 4
check 'and the kernel has counted the two that were discarded' \
	test "$(mailbox drop-newest dropped)$(mailbox drop-oldest dropped)" = 11
run ipcctl mailbox del paper wait refuse drop-newest drop-oldest || fail 'ipcctl mailbox del'

title 'It works.'
left=$(ipcctl stats | awk '$1 == "messages" { print $NF }')
[ "$left" = 0 ] || fail "$left messages are left in the machine"
explain <<-END
	All $checks checks passed, and no message is left in the machine.
END
