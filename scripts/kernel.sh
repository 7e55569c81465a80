#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel.sh 6.1|6.12|rt: have Debian's newest stock kernel of that series in
# the cache, unpacked but not installed: image, modules, headers. Prints
# shell assignments: KVERSION, KREL, KDIR, KVMLINUX, KMODULES.
# kernel.sh debug|kcsan[-6.12]: the same for a 6.1 (6.12) that is built here
# from Debian's source with checkers (kernel-debug.sh), and further KCHECKS,
# which of the two, KSLOW, how many times slower than stock it may be, KMEM,
# what it needs in MiB, and KARGS.
# kernel.sh source: have the parts of the kernel source that the tests and
# the checks use (kselftest, checkpatch, kernel-doc); prints KSOURCE.
# Entries are keyed by exact package version, made aside and renamed under a
# lock: clones share them, and an interrupted fetch leaves nothing half-made.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# How old the package lists may get before Debian is asked again.
LISTS_MAX_MIN=${DIPC_LISTS_MAX_MIN:-720}
# Raise this when what an entry holds or how it is laid out changes.
LAYOUT=1

trap 'say "stopped at line $LINENO"' ERR

[ $# = 1 ] || die "usage: kernel.sh 6.1|6.12|rt|debug|debug-6.12|kcsan|kcsan-6.12|source"
series=$1 meta='' kind='' source=''
case $series in
6.1)			meta=amd64 ;;
6.12)			meta=6.12-amd64 ;;
rt)			meta=rt-amd64 ;;
source)			source=6.12 ;;
debug|kcsan)		kind=$series source=6.1 ;;
debug-6.12|kcsan-6.12)	kind=${series%-*} source=6.12 ;;
*)			die "no kernel '$series': there are 6.1, 6.12, rt, debug and kcsan (of 6.1), debug-6.12 and kcsan-6.12" ;;
esac

# Roughly how many files are compiled.
declare -A files=([debug]=1250 [kcsan]=1200)

store=$DIPC_CACHE/kernels
mkdir -p "$store"

# field PACKAGE FIELD: of the newest version that apt knows.
field()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n "s/^$2: //p" | head -n1
}

# dependency PACKAGE REGEX: the first package it depends on that matches.
dependency()
{
	field "$1" Depends | tr ',|' '\n' | sed 's/^ *//; s/ .*//' | grep -E -m1 "$2" || true
}

# Sets version and packages from apt's lists; returns 1 if they do not know.
ask_apt()
{
	local image rel headers

	if [ -n "$source" ]; then
		packages=("linux-source-$source")
		version=$(field "${packages[0]}" Version)
		[ -n "$version" ]
		return
	fi
	image=$(dependency "linux-image-$meta" '^linux-image-[0-9]')
	rel=${image#linux-image-}
	headers=linux-headers-$rel
	version=$(field "$image" Version)
	[ -n "$image" ] && [ -n "$version" ] || return 1
	packages=("$image" "$headers"
		  "$(dependency "$headers" '^linux-headers-.*-common')"
		  "$(dependency "$headers" '^linux-kbuild-')")
	local p
	for p in "${packages[@]}"; do
		[ -n "$p" ] && [ -n "$(field "$p" Version)" ] || return 1
	done
	version=$version-$rel
}

# As ask_apt, which takes seconds: its answer is good as long as apt's lists
# and settings are the same files.
resolve()
{
	local memo=$store/.resolved.$series print

	print=$({ echo "layout $LAYOUT"
		  find /var/lib/apt/lists /etc/apt -type f -printf '%p %s %T@\n' 2>/dev/null | sort
		} | sha256sum)
	if [ -f "$memo" ] && [ "$(head -n1 "$memo")" = "$print" ]; then
		{ read -r _; read -r version; read -ra packages; } <"$memo"
		return
	fi
	ask_apt || return 1
	printf '%s\n%s\n%s\n' "$print" "$version" "${packages[*]}" >"$memo.$$"
	mv "$memo.$$" "$memo"
}

# What else than the version decides what is built: once, at the beginning.
# Of the fragments without what is only said to their readers.
built_with=''
[ -z "$kind" ] ||
	built_with=-$({ gcc --version | head -n1
			ld --version | head -n1
			sed '/^# \(CONFIG_\|make \)/!{/^#/d}' \
				"$DIPC_TOP"/scripts/kernel-{base,"$kind"}.config
		      } | sha256sum | head -c 12)

entry_name()
{
	printf '%s_%s%s.%s' "$series" "$version" "$built_with" "$LAYOUT"
}

# The newest entry of this series that is in the cache, or nothing.
newest_cached()
{
	find "$store" -maxdepth 1 -name "${series}_*.$LAYOUT" -printf '%f\n' |
		sort -V | tail -n1
}

# The image inside a bzImage, from where its header says it is.
extract_vmlinux()
{
	local bz=$1 setup off len magic

	setup=$(od -An -tu1 -j 497 -N 1 "$bz")
	off=$(od -An -tu4 -j 584 -N 4 "$bz")
	len=$(od -An -tu4 -j 588 -N 4 "$bz")
	off=$(((setup + 1) * 512 + off))
	magic=$(od -An -tx1 -j "$off" -N 4 "$bz" | tr -d ' \n')
	# The last four bytes of the payload are the length of what is inside.
	case $magic in
	fd377a58) head -c "$((off + len - 4))" "$bz" | tail -c "$((len - 4))" | xz -dc ;;
	28b52ffd) head -c "$((off + len - 4))" "$bz" | tail -c "$((len - 4))" | zstd -dcq ;;
	1f8b08*)  head -c "$((off + len - 4))" "$bz" | tail -c "$((len - 4))" | gzip -dc ;;
	*)	  die "$bz: unknown compression ($magic)" ;;
	esac
}

download()
{
	(cd "$1" && shift &&
	 timeout 1800 apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=2 \
		download "$@" 2>&1 | sed -u -n '/^\(Get:\|Fetched\|E:\|Err\)/s/^/    /p' >&2)
}

make_source()
{
	local new=$1 deb=$2 tar=linux-source-6.12

	say "unpacking the kernel's test harness and checkers (half a minute)"
	mkdir -p "$new/source"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/$tar.tar.xz" |
		xz -T0 -dc |
		tar -x -C "$new/source" --strip-components=1 --wildcards \
			"$tar/tools/testing/selftests/lib.mk" \
			"$tar/tools/testing/selftests/kselftest*" \
			"$tar/tools/testing/selftests/run_kselftest.sh" \
			"$tar/tools/testing/selftests/net/lib.sh" \
			"$tar/tools/net/ynl" \
			"$tar/Documentation/netlink" \
			"$tar/scripts/checkpatch.pl" \
			"$tar/scripts/const_structs.checkpatch" \
			"$tar/scripts/spelling.txt" \
			"$tar/scripts/kernel-doc" \
			"$tar/scripts/Makefile.compiler" \
			"$tar/tools/include/uapi" \
			"$tar/tools/include/linux/kern_levels.h"
	printf 'KSOURCE=%q\n' "$store/$(entry_name)/source" >"$new/env"
}

make_kernel()
{
	local new=$1 deb rel root modules kdir final
	shift

	root=$new/root
	mkdir -p "$root"
	for deb; do
		say "unpacking $(basename "$deb" | sed 's/_.*//')"
		dpkg-deb -x "$deb" "$root"
	done
	rel=$(basename "$root"/boot/vmlinuz-*)
	rel=${rel#vmlinuz-}
	kdir=$root/usr/src/linux-headers-$rel
	modules=$root/lib/modules/$rel

	# The headers' one absolute path, made relative.
	# shellcheck disable=SC2016	# make's, not the shell's
	sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' "$kdir/Makefile"
	# Type information for modules needs pahole and helps nobody here.
	rm -f "$kdir/vmlinux"
	if grep -rIqE '^include /usr' "$kdir" --include=Makefile; then
		die "the headers have an absolute path that this script does not know"
	fi

	say "unpacking the kernel image"
	extract_vmlinux "$root/boot/vmlinuz-$rel" >"$new/vmlinux"
	[ "$(head -c 4 "$new/vmlinux" | od -An -tx1 | tr -d ' ')" = 7f454c46 ] ||
		die "what came out of vmlinuz-$rel is no ELF file"
	say "listing its modules (depmod)"
	rm -f "$modules/build" "$modules/source"
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$root" "$rel"

	final=$store/$(entry_name)
	{
		printf 'KVERSION=%q\n' "$version"
		printf 'KREL=%q\n' "$rel"
		printf 'KDIR=%q\n' "$final/root/usr/src/linux-headers-$rel"
		printf 'KVMLINUX=%q\n' "$final/vmlinux"
		printf 'KMODULES=%q\n' "$final/root/lib/modules/$rel"
	} >"$new/env"
}

make_checking()
{
	local new=$1 deb=$2 rel final

	"$DIPC_TOP/scripts/deps.sh" build debug
	"$DIPC_TOP/scripts/kernel-debug.sh" "$new" "$kind" "$source" "$deb" "${files[$kind]}"
	rel=$(cat "$new/linux/include/config/kernel.release")
	final=$store/$(entry_name)
	{
		printf 'KVERSION=%q\n' "${final##*/}"
		printf 'KREL=%q\n' "$rel"
		printf 'KDIR=%q\n' "$final/linux"
		printf 'KVMLINUX=%q\n' "$final/bzImage"
		printf 'KMODULES=%q\n' "$final/root/lib/modules/$rel"
	} >"$new/env"
}

# Downloads the packages into a new directory; sets new.
fetch()
{
	if [ -n "$kind" ]; then
		# A quarter of an hour's work, with which the next one goes on.
		new=$store/.build.$(entry_name)
		mkdir -p "$new"
		find "$store" -maxdepth 1 -name ".build.${series}_*" ! -path "$new" -exec rm -rf {} +
	else
		new=$(mktemp -d "$store/.new.XXXXXX")
		trap 'rm -rf "$new"' EXIT
	fi
	chmod 755 "$new"
	say "fetching ${packages[*]} ($version)"
	rm -rf "$new/debs"
	mkdir "$new/debs"
	if ! download "$new/debs" "${packages[@]}"; then
		# The lists named a version that the archive has dropped since.
		apt_update && resolve || return 1
		rm -f "$new"/debs/*
		download "$new/debs" "${packages[@]}" || return 1
	fi
}

use()
{
	cat "$store/$1/env"
	case $kind in
	# One report of KASAN's a boot is the default, and too few for all suites.
	debug)	echo "KCHECKS=debug KSLOW=10 KMEM=1536 KARGS=kasan_multi_shot" ;;
	kcsan)	echo "KCHECKS=kcsan KSLOW=5 KMEM=1024" ;;
	esac
	exit 0
}

old=$(newest_cached)
if ! command -v apt-get >/dev/null; then
	[ -n "$old" ] || die "no apt-get here and no $series in $store"
	use "$old"
fi

apt_update "$LISTS_MAX_MIN" || say "could not refresh them; going by the package lists of before"
if ! resolve && { ! apt_update || ! resolve; }; then
	[ -n "$old" ] || die "apt knows no packages for kernel '$series' (is this Debian 12 with its security archive?)"
	say "offline: using ${old#*_} from the cache; Debian may have a newer one"
	use "$old"
fi

[ ! -f "$store/$(entry_name)/env" ] || use "$(entry_name)"

exec 9>"$store/.lock.$series"
flock -n 9 || { say "another build is fetching $series; waiting for it"; flock -w 3600 9; }
[ ! -f "$store/$(entry_name)/env" ] || use "$(entry_name)"
# What an interrupted fetch left behind is nobody's now.
find "$store" -maxdepth 1 -name '.new.*' -mmin +120 -exec rm -rf {} +
t0=$SECONDS
if ! fetch; then
	[ -n "$old" ] || die "could not fetch kernel '$series'"
	say "could not fetch $version: using ${old#*_} from the cache"
	use "$old"
fi
if [ "$series" = source ]; then
	make_source "$new" "$new"/debs/*.deb
elif [ -n "$kind" ]; then
	make_checking "$new" "$new"/debs/*.deb
else
	make_kernel "$new" "$new"/debs/*.deb
fi
rm -rf "$new/debs" "${store:?}/$(entry_name)"
mv "$new" "$store/$(entry_name)"
trap - EXIT
say "$series is in the cache ($version, $((SECONDS - t0)) s)"
use "$(entry_name)"
