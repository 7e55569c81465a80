#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every tracepoint fires where it should and says what it should, and the
# counters move along. One known sequence of steps on one mailbox; each line of
# the table is a step, what it gives, and the events that must come of it.

set -u
here=$(dirname "$0")
events=/sys/kernel/tracing/events/dipc
tracing=${events%/events/dipc}
box=trace.$$
tmp=$(mktemp -d) || exit 1
tests=0 failures=0
trap finish EXIT

finish()
{
	[ ! -d "$events" ] || echo 0 >"$events/enable"
	ipcctl mailbox del "$box" >"$tmp/del" 2>&1
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

# Steps with a colon are of ipcctl, the others of tools/steps.
table()
{
	sed 's/#.*//; /^[[:space:]]*$/d' <<-END
	put		0		accept queued
	get		0		take taken
	hand		0		accept handed, take taken
	call		0		accept queued, take taken, call_end replied
	put		0		accept queued
	peek		0		take peeked
	bad		EFAULT		put_back put-back
	short		0		take taken
	put		0		accept queued
	put		0		accept queued
	put		EAGAIN		refuse would-block
	slow		EAGAIN		wait waited, refuse timed-out
	long		EMSGSIZE	refuse too-long
	:purge		0		drop drop-purged, drop drop-purged
	put		0		accept queued
	put		0		accept queued
	:set:policy:refuse	0
	put		ENOBUFS		refuse refused
	:set:policy:drop-newest	0
	put		0		drop drop-newest
	:set:policy:drop-oldest	0
	put		0		drop drop-oldest, accept queued
	:del		0		drop drop-closed, drop drop-closed
	END
}

counters()
{
	ipcctl stats | awk 'NF == 2 && $1 ~ /^[a-z-]+$/ { print $1, $2 }' | sort
}

# Consecutive steps of the same program are one call of it.
flush()
{
	[ ${#batch[@]} = 0 ] || "$here/tools/steps" "$box" "${batch[@]}" >>"$tmp/out" 2>&1
	batch=()
}

run_table()
{
	local name verb words
	batch=()

	while read -r name _; do
		case $name in
		:*)	flush
			IFS=: read -ra words <<<"${name#:}"
			verb=${words[0]}
			if ipcctl mailbox "$verb" "$box" "${words[@]:1}" >"$tmp/ipcctl" 2>&1; then
				echo "$name 0" >>"$tmp/out"
			else
				sed "s/^/$name /" "$tmp/ipcctl" >>"$tmp/out"
			fi ;;
		*)	batch+=("$name") ;;
		esac
	done < <(table)
	flush
}

echo 'TAP version 13'
if ! ls "$events" >/dev/null 2>&1; then
	mount -t tracefs tracefs "$tracing" 2>/dev/null
	if ! ls "$events" >/dev/null 2>&1; then
		echo '1..0 # SKIP no tracefs'
		exit 4
	fi
fi
: >"$tmp/why"
: >"$tmp/out"
echo mono >"$tracing/trace_clock"
echo 0 >"$tracing/tracing_on"
: >"$tracing/trace"
ipcctl mailbox add "$box" msgs 2 msg-max 100 >"$tmp/why" 2>&1
result $? mailbox_is_made
counters >"$tmp/before"
echo 1 >"$events/enable"
echo 1 >"$tracing/tracing_on"
run_table
echo 0 >"$tracing/tracing_on"
echo 0 >"$events/enable"
counters >"$tmp/after"
grep -v '^#' "$tracing/trace" >"$tmp/trace"

# what each step gave
table | awk '{ print $1, $2 }' >"$tmp/should"
grep -v '^port ' "$tmp/out" >"$tmp/is"
diff "$tmp/should" "$tmp/is" >"$tmp/why"
result $? each_step_gives_what_it_should

# event and reason, in order
table | sed 's/^[^[:space:]]*[[:space:]]*[^[:space:]]*[[:space:]]*//' | tr ',' '\n' |
	awk 'NF { print $1, $2 }' >"$tmp/should"
sed -n 's/.*dipc_\([a-z_]*\): .* reason=\([a-z-]*\)$/\1 \2/p' "$tmp/trace" >"$tmp/is"
diff "$tmp/should" "$tmp/is" >"$tmp/why"
result $? each_step_is_traced_in_order

# a tracepoint that is added must be added to the table
for event in "$events"/*/; do
	event=$(basename "$event")
	if ! grep -q " $event: " "$tmp/trace"; then
		echo "$event has not fired" >>"$tmp/why"
	fi
done
[ ! -s "$tmp/why" ]
result $? each_tracepoint_fires

# a reason that is traced is counted as often, and no other is; that a taken
# message was truncated is counted besides
awk 'NR == FNR { was[$1] = $2; next }
     $1 ~ /^(ports|mailboxes|names|messages)$/ { next }
     $2 - was[$1] { print $1, $2 - was[$1] }' "$tmp/before" "$tmp/after" | sort >"$tmp/counted"
{
	cut -d' ' -f2 "$tmp/should"
	echo truncated
} | sort | uniq -c | awk '{ print $2, $1 }' | sort >"$tmp/expected"
diff "$tmp/expected" "$tmp/counted" >"$tmp/why"
result $? counters_move_along

# who, where, which, how long; what is refused may not be a message yet
ports=$(sed -n 's/^port //p' "$tmp/out" | paste -sd'|')
if ! [ -s "$tmp/trace" ] ||
   grep -vE "dipc_(refuse: mailbox:[1-9][0-9]* from=($ports) id=[0-9]+|[a-z_]+: mailbox:[1-9][0-9]* from=($ports) id=[1-9][0-9]*) len=(3|1000) reason=[a-z-]+\$" \
	"$tmp/trace" >"$tmp/why"; then
	false
fi
result $? events_say_who_where_and_which

echo "1..$tests"
[ "$failures" = 0 ]
