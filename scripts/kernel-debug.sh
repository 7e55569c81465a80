#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel-debug.sh DIR SERIES DEB: build the debug kernel in DIR from Debian's
# package linux-source-SERIES with kernel-debug.config. For kernel.sh, which
# owns the cache and the lock. DIR holds after it: bzImage; linux/, what is
# needed to build modules; root/lib/modules/RELEASE; config; dropped, the
# lines of kernel-debug.config that this kernel's Kconfig did not accept.
# What an interrupted build has made is used by the next. ccache if there.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ $# = 3 ] || die "usage: kernel-debug.sh DIR SERIES DEB"
dir=$(realpath "$1") series=$2 deb=$(realpath "$3")
fragment=$DIPC_TOP/scripts/kernel-debug.config
tree=$dir/linux
# How many lines make says for 6.1, to tell how far it is.
STEPS=1780

export LC_ALL=C KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=dipc KBUILD_BUILD_HOST=dipc
unset MAKEFLAGS MFLAGS MAKELEVEL
cc=gcc
! command -v ccache >/dev/null || cc='ccache gcc'

kernel_make()
{
	make -C "$tree" --no-print-directory CC="$cc" HOSTCC="$cc" "$@"
}

unpack()
{
	[ ! -f "$dir/.unpacked" ] || return 0
	say "unpacking the source of $series (a minute)"
	rm -rf "$tree"
	mkdir -p "$tree"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/linux-source-$series.tar.xz" |
		xz -T0 -dc |
		tar -x -C "$tree" --strip-components=1 --wildcards \
			--exclude='*/drivers/gpu/*.[ch]' --exclude='*/drivers/media/*.[ch]' \
			--exclude='*/sound/*.[ch]' --exclude='*/Documentation/*.rst' \
			--exclude='*.dts' --exclude='*.dtsi'
	touch "$dir/.unpacked"
}

# Kconfig drops what it does not know or whose dependencies are not met, and
# says nothing.
configure()
{
	local line symbol

	kernel_make -s KCONFIG_ALLCONFIG="$fragment" allnoconfig >&2
	cp "$tree/.config" "$dir/config"
	grep -E '^(# )?CONFIG_' "$fragment" | while read -r line; do
		symbol=${line#\# }
		symbol=${symbol%%[= ]*}
		case $line in
		\#*)	! grep -q "^$symbol=" "$dir/config" || echo "$line" ;;
		*)	grep -qxF "$line" "$dir/config" || echo "$line" ;;
		esac
	done >"$dir/dropped"
	[ ! -s "$dir/dropped" ] || {
		say "Kconfig of $series does not accept these lines of kernel-debug.config:"
		sed 's/^/    /' "$dir/dropped" >&2
	}
}

progress()
{
	awk -v steps="$STEPS" -v t0="$(date +%s)" '
		BEGIN { next_at = 100 }
		/^  [A-Z]+/ && ++n >= next_at {
			"date +%s" | getline now; close("date +%s")
			share = n < steps ? n / steps : 0.99
			printf "    %2d %%, %d min\n", 100 * share, (now - t0) / 60
			next_at += 100
			fflush()
		}' >&2
}

unpack
configure
say "building the debug kernel ($(wc -l <"$tree/.config") lines of .config; half an hour on two cores)"
if ! kernel_make -j "${JOBS:-$(nproc)}" bzImage modules 2>&1 | tee "$dir/log" | progress; then
	tail -n 30 "$dir/log" | sed 's/^/    /' >&2
	die "the debug kernel did not build (all of the output is in $dir/log)"
fi
cp "$tree/arch/x86/boot/bzImage" "$dir/bzImage"
kernel_make -s INSTALL_MOD_PATH="$dir/root" modules_install >"$dir/log" 2>&1 ||
	die "modules_install failed: $(tail -n 3 "$dir/log")"
rm -f "$dir"/root/lib/modules/*/{build,source} "$dir/log"

# Of 2 GB, what building a module takes. Interrupted, it begins anew.
rm -f "$dir/.unpacked"
find "$tree" -mindepth 1 -maxdepth 1 ! -name Makefile ! -name Kbuild ! -name 'Kconfig*' \
	! -name .config ! -name Module.symvers ! -name System.map \
	! -name include ! -name arch ! -name scripts ! -name tools -exec rm -rf {} +
find "$tree/arch" -mindepth 1 -maxdepth 1 ! -name x86 ! -name Kconfig -exec rm -rf {} +
find "$tree/tools" -mindepth 1 -maxdepth 1 ! -name objtool -exec rm -rf {} +
find "$tree/arch" "$tree/tools" -type f \( -name '*.[oac]' -o -name '*.cmd' -o -name 'vmlinux*' \
	-o -name bzImage \) -delete
