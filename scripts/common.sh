# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script here shares: where things are, how progress and failure
# are told, how the clock is read. It runs nothing by being sourced.

DIPC_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034	# for those who source this file
DIPC_BUILD=$DIPC_TOP/build
# shellcheck disable=SC2034
DIPC_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/dipc

# say TEXT…: a line of progress. Standard output is left to results.
say()
{
	printf '%s: %s\n' "${DIPC_WHO:-$(basename "$0" .sh)}" "$*" >&2
}

die()
{
	say "error: $*"
	exit 1
}

# as_root COMMAND…: run it as root, by sudo when that is needed and there.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		say "needs root or sudo: $*"
		return 1
	fi
}

# apt_update [MAX_AGE_MINUTES]: refresh the package lists if the last time was
# longer ago (default: always). Returns 1 if they could not be refreshed.
apt_update()
{
	local stamp=$DIPC_CACHE/package-lists-refreshed age=${1:-0}

	if [ "$age" -gt 0 ] && compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null &&
	   [ -n "$(find "$stamp" -mmin "-$age" 2>/dev/null)" ]; then
		return 0
	fi
	say "refreshing the package lists (apt-get update)"
	as_root timeout 300 apt-get -qq -o DPkg::Lock::Timeout=900 \
		-o Acquire::Retries=2 update >&2 || return 1
	mkdir -p "$DIPC_CACHE"
	touch "$stamp"
}

# kernel_env: sets KDIR and KREL (and KVERSION, KVMLINUX, KMODULES, perhaps
# KSLOW, KMEM, KARGS, KCHECKS, for a kernel of the cache) by what the caller
# was given: KERNEL, or KDIR, or else the running kernel's headers, or else the
# newest Debian headers installed; DIPC_OBJ, where the module for it is built. KERNEL=coverage is the debug
# kernel with those of its checkers at rest that can be, and a module that
# counts what of it is executed.
# shellcheck disable=SC2034	# for those who source this file
kernel_env()
{
	local assignments

	KSLOW=1 KMEM=1024 KARGS='' KCHECKS=''
	if [ -n "${KERNEL:-}" ]; then
		assignments=$("$DIPC_TOP/scripts/kernel.sh" "${KERNEL/#coverage/debug}") || exit 1
		eval "$assignments"
		DIPC_OBJ=$DIPC_BUILD/$KREL
		if [ "$KERNEL" = coverage ]; then
			DIPC_OBJ+=-coverage
			KARGS+=' kmemleak=off no_debug_objects lockdep.prove_locking=0'
		fi
		return
	fi
	if [ -z "${KDIR:-}" ]; then
		KDIR=/lib/modules/$(uname -r)/build
		[ -f "$KDIR/Makefile" ] ||
			KDIR=$(printf '%s\n' /usr/src/linux-headers-*-"$(dpkg --print-architecture 2>/dev/null || uname -m)" |
			       sort -V | tail -n1)
		[ -f "$KDIR/Makefile" ] ||
			die "no kernel headers on this machine: 'make KERNEL=6.1' (or 6.12) fetches Debian's, KDIR=… names others"
	fi
	[ -f "$KDIR/Makefile" ] || die "KDIR=$KDIR holds no kernel build tree"
	KDIR=$(realpath "$KDIR")
	KREL=$(cat "$KDIR/include/config/kernel.release" 2>/dev/null) ||
		die "KDIR=$KDIR is not prepared for building modules"
	DIPC_OBJ=$DIPC_BUILD/$KREL
}

# with_lock FILE COMMAND…: one at a time, whoever builds in this checkout.
with_lock()
{
	local lock=$1
	shift

	mkdir -p "$(dirname "$lock")"
	(
		flock -n 9 || { say "waiting for another build here"; flock -w 1800 9; }
		"$@" 9>&-
	) 9>"$lock"
}
