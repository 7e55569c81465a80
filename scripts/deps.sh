#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# deps.sh GROUP…: install the Debian packages that a group of commands needs
# (build, vm, check, demo, debug) and that are not there yet. This is the only
# place that names packages of the host; kernels are not among them (kernel.sh).
# With all present it does nothing, and needs neither root nor network.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

build=(gcc gcc-12 libc6-dev make pkg-config libmnl-dev liburing-dev
       libelf1 libelf-dev libssl3 kmod bc xz-utils zstd perl python3 util-linux)
[ "$(uname -m)" != x86_64 ] || build+=(gcc-multilib)
vm=(qemu-system-x86 cpio iproute2 procps kmod gcc libc6-dev)
check=(sparse shellcheck python3 python3-yaml python3-jsonschema socat binutils)
debug=(flex bison libelf-dev libssl-dev bc lz4)

want=()
for group in "$@"; do
	case $group in
	build)	want+=("${build[@]}") ;;
	vm)	want+=("${vm[@]}") ;;
	demo)	want+=("${build[@]}" "${vm[@]}") ;;
	check)	want+=("${build[@]}" "${vm[@]}" "${check[@]}") ;;
	debug)	want+=("${debug[@]}") ;;
	*)	die "no group '$group' (build, vm, check, demo, debug)" ;;
	esac
done
[ ${#want[@]} -gt 0 ] || die "usage: deps.sh build|vm|check|demo|debug …"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	say "not a Debian system: please see to it that you have ${want[*]}"
	exit 0
fi

present=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${want[@]}" \
	  2>/dev/null | sed -n 's/^installed //p') || true
missing=$(comm -23 <(printf '%s\n' "${want[@]}" | sort -u) \
		   <(printf '%s\n' "$present" | sort -u))
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086	# a list of words
set -- $missing
say "installing $# packages that are missing: $*"

install_missing()
{
	as_root env DEBIAN_FRONTEND=noninteractive timeout 1800 \
		apt-get install -y -q --no-install-recommends \
		-o DPkg::Lock::Timeout=900 -o Acquire::Retries=2 \
		-o Dpkg::Use-Pty=0 "$@" </dev/null 2>&1 |
		awk '/^(Fetched|E:|Err)/	{ print "    " $0 }
		     /^Get:/		{ if (++got % 20 == 0) print "    " got " fetched" }
		     /^Setting up/	{ if (++set % 20 == 0) print "    " set " set up" }
				{ fflush() }' >&2
}

# Old lists name packages that are gone: look again once before giving up.
apt_update 1440 || say "the package lists could not be refreshed; trying with what is there"
if ! install_missing "$@"; then
	apt_update || true
	install_missing "$@" || die "apt-get could not install: $*"
fi
say "packages are in place"
