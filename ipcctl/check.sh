#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh IPCCTL: what ipcctl does without the module: help at every level
# of its tree, mistakes in words, its manual pages, its installation.
# Prints KTAP.

set -u
src=$(cd "$(dirname "$0")" && pwd)
ipcctl=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
tests=0 failures=0

result()	# STATUS NAME [DIRECTIVE]
{
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests $2${3:+ # $3}"
	else
		failures=$((failures + 1))
		sed 's/^/# /' "$tmp/log"
		echo "not ok $tests $2"
	fi
}

run()		# NAME COMMAND…
{
	local name=$1
	shift
	"$@" >"$tmp/log" 2>&1
	result $? "$name"
}

objects='mailbox port link call name node stats'
leaves='mailbox:add mailbox:set mailbox:del mailbox:show mailbox:purge mailbox:peek
	port:show link:show call:show name:show node:show stats:show monitor: send: recv:'

help_of()	# WORDS…: each way to ask gives the same, on standard output
{
	local way text

	text=$("$ipcctl" "$@" -h 2>"$tmp/err") || return 1
	[ ! -s "$tmp/err" ] && [[ $text = Usage:* ]] || return 1
	for way in "$* help" "help $*" "-h $*" "$* --help"; do
		# shellcheck disable=SC2086	# words
		[ "$("$ipcctl" $way)" = "$text" ] || { echo "$way differs"; return 1; }
	done
}

help_at_every_level()
{
	local object leaf command

	help_of && for object in $objects; do help_of "$object" || return 1; done
	for leaf in $leaves; do
		command=${leaf#*:}
		help_of "${leaf%:*}" ${command:+"$command"} || { echo "$leaf"; return 1; }
	done
}

help_lists_every_command()
{
	local object leaf

	for object in $objects monitor send recv; do
		"$ipcctl" -h | grep -q "^  $object " || { echo "$object"; return 1; }
	done
	for leaf in $leaves; do
		[ -n "${leaf#*:}" ] || continue
		"$ipcctl" "${leaf%:*}" help | grep -q "^  ${leaf#*:} " || { echo "$leaf"; return 1; }
	done
}

beginnings_are_enough()
{
	[ "$("$ipcctl" mail a -h)" = "$("$ipcctl" mailbox add -h)" ] &&
	[ "$("$ipcctl" mailbox ls -h)" = "$("$ipcctl" mailbox show -h)" ] &&
	! "$ipcctl" m -h
}

version_is_told()
{
	[[ $("$ipcctl" --version) = "ipcctl "[0-9]* ]] && [ "$("$ipcctl" -V)" = "$("$ipcctl" --version)" ]
}

# Each line: words that are refused, status 2, nothing on standard output.
mistakes='
nonsense
mailbox nonsense
mailbox add
mailbox add /x
mailbox add a@b
mailbox add port:17
mailbox add mbox:x@3
mailbox add x nonsense 1
mailbox add x mode
mailbox add x mode 999
mailbox add x mode 1777
mailbox add x mode -1
mailbox add x msgs ten
mailbox add x msgs 4294967296
mailbox add x bytes 1T
mailbox add x bytes 99999999999999999999
mailbox add x bytes 99999999999G
mailbox add x msg-max 65M
mailbox add x policy drop
mailbox add x policy nonsense
mailbox add x scope world
mailbox add x uid nobody-of-this-name
mailbox add x uid 4294967295
mailbox add x gid -5
mailbox add x mode 600 mode 600
mailbox add x transient transient
mailbox set x
mailbox set x transient
mailbox set x scope node
mailbox del
mailbox del x group:y
mailbox purge
mailbox show x y
mailbox add x order lifo
mailbox set x order
mailbox peek
mailbox peek port:17
mailbox peek x y
mailbox peek x count
mailbox peek x count 0
mailbox peek x count 1 count 1
mailbox peek x bytes 2049
mailbox peek x from -1
port show 0
port show port:0
port show port:1@2
port show x
port show 1 2
link show 1 2
call show 1 2
call show x
call show mbox:x
link show x
send
send any: m
send /x m
send x m n
send x mode
send x mode sure m
send x tag seven m
send x tag 18446744073709551616 m
send x tag 0x m
send x priority 32 m
send x deadline 0 m
send x timeout 25h m
send x timeout -1 m
send x count -1 m
send x type stream m
send x lines m
send x tag 1 tag 2 m
recv
recv @x
recv any: any:
recv x count
recv x from any:
recv x tag 1/
recv x tag /1
recv x timeout soon
recv x raw hex
recv x raw -j
recv x peek count 2
recv x type seqpacket
name show a b
name show mbox:
node show x
stats show x
monitor x
-x
mailbox show --yaml'

mistakes_are_usage_errors()
{
	local line status

	while read -r line; do
		[ -n "$line" ] || continue
		# shellcheck disable=SC2086	# words
		"$ipcctl" $line >"$tmp/out" 2>"$tmp/err"
		status=$?
		if [ $status != 2 ] || [ -s "$tmp/out" ] || ! grep -q '^ipcctl: ' "$tmp/err"; then
			echo "'$line': status $status"
			cat "$tmp/out" "$tmp/err"
			return 1
		fi
	done <<<"$mistakes"
	"$ipcctl" >/dev/null 2>&1
	[ $? = 2 ]
}

full_output_is_a_failure()
{
	"$ipcctl" -h >/dev/full
	[ $? = 1 ]
}

# Only where it is not loaded, and cannot be.
absence_is_told()
{
	local command status

	for command in node 'mailbox add x' 'mailbox del x' 'port show' monitor '-j name' link \
		'send x m' 'recv x'; do
		# shellcheck disable=SC2086	# words
		"$ipcctl" $command >"$tmp/out" 2>"$tmp/err"
		status=$?
		cat "$tmp/out" "$tmp/err"
		[ $status = 1 ] && [ ! -s "$tmp/out" ] && [ "$(wc -l <"$tmp/err")" = 1 ] &&
		grep -qF 'the dipc module is not loaded; "modprobe dipc" loads it' "$tmp/err" || return 1
	done
}

# A page for the tool and each object; each command is in its page.
pages_are_complete()
{
	local leaf page

	[ -f "$src/man/ipcctl.8" ] || return 1
	for leaf in $leaves; do
		page=$src/man/ipcctl-${leaf%:*}.8
		[[ $leaf != send: && $leaf != recv: ]] || page=$src/man/ipcctl-msg.8
		[ -f "$page" ] && grep -q "${leaf#*:}" "$page" || { echo "$leaf"; return 1; }
	done
	for page in "$src"/man/*.8; do
		for section in NAME SYNOPSIS DESCRIPTION EXAMPLES 'EXIT STATUS' 'SEE ALSO'; do
			grep -Eq "^\.SH \"?$section\"?\$" "$page" || { echo "$page: no $section"; return 1; }
		done
	done
}

pages_are_clean()
{
	local page status=0

	for page in "$src"/man/*.8; do
		LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings \
			-E UTF-8 -l -Tutf8 -Z "$page" >/dev/null 2>"$tmp/man"
		[ -s "$tmp/man" ] && { echo "$page:"; cat "$tmp/man"; status=1; }
	done
	return $status
}

# The words that "add" takes are in the help and in the page.
settings_are_documented()
{
	local word

	while read -r word; do
		"$ipcctl" mailbox add help | grep -q "\b$word\b" &&
		grep -Eq "^\.(BI|B) ${word//-/\\\\-}( |\$)" "$src/man/ipcctl-mailbox.8" ||
			{ echo "$word"; return 1; }
	done < <(sed -n 's/^\t{ "\([a-z-]*\)", DIPC_A_MAILBOX.*/\1/p' "$src/mailbox.c")
}

installs_and_uninstalls()
{
	local out

	out=$(dirname "$ipcctl")
	make -s -C "$src" O="$out" LIBIPC_DIR="$out/../libipc" DESTDIR="$tmp/root" prefix=/usr install &&
	"$tmp/root/usr/sbin/ipcctl" -V &&
	[ -f "$tmp/root/usr/share/man/man8/ipcctl.8" ] &&
	make -s -C "$src" O="$out" LIBIPC_DIR="$out/../libipc" DESTDIR="$tmp/root" prefix=/usr uninstall &&
	[ -z "$(find "$tmp/root" ! -type d)" ]
}

echo "KTAP version 1"
run help_at_every_level help_at_every_level
run help_lists_every_command help_lists_every_command
run beginnings_of_commands_are_enough beginnings_are_enough
run version_is_told version_is_told
run mistakes_are_usage_errors mistakes_are_usage_errors
run full_output_is_a_failure full_output_is_a_failure
if [ -d /sys/module/dipc ] || modinfo dipc >"$tmp/log" 2>&1; then
	result 0 absence_of_the_module_is_told "SKIP the module is here"
elif "$ipcctl" node 2>&1 | grep -q netlink; then
	result 0 absence_of_the_module_is_told "SKIP no generic netlink here"
else
	run absence_of_the_module_is_told absence_is_told
fi
run each_object_has_a_page pages_are_complete
run settings_are_documented settings_are_documented
if command -v man >/dev/null && command -v groff >/dev/null; then
	run pages_are_clean pages_are_clean
else
	result 0 pages_are_clean "SKIP no man or groff"
fi
run install_and_uninstall installs_and_uninstalls

echo "1..$tests"
echo "# Totals: pass:$((tests - failures)) fail:$failures xfail:0 xpass:0 skip:0 error:0"
[ $failures -eq 0 ]
