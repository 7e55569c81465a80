#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel-debug.sh DIR KIND SERIES DEB FILES: build the kernel KIND (debug,
# kcsan) in DIR from Debian's package linux-source-SERIES with
# kernel-base.config and kernel-KIND.config. For kernel.sh, which owns the
# cache and the lock.
# DIR holds after it: bzImage; linux/, what is needed to build modules;
# root/lib/modules/RELEASE; config; dropped, the settings that this series'
# Kconfig did not take, which must be those of kernel-dropped.txt.
# What an interrupted build has made is used by the next. ccache if there.
# FILES: how many are compiled, roughly, to tell how far it is.
# In a fragment, "# make NAME=VALUE" goes to make.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

[ $# = 5 ] || die "usage: kernel-debug.sh DIR KIND SERIES DEB FILES"
dir=$(realpath "$1") kind=$2 series=$3 deb=$(realpath "$4") files=$5
tree=$dir/linux
fragment=$dir/fragment

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

# The settings of the fragment that are not as they were asked for.
dropped()
{
	local line symbol

	grep -E '^(# )?CONFIG_' "$fragment" | while read -r line; do
		symbol=${line#\# }
		symbol=${symbol%%[= ]*}
		case $line in
		\#*)	! grep -q "^$symbol=" "$dir/config" || echo "$symbol" ;;
		*)	grep -qxF "$line" "$dir/config" || echo "$symbol" ;;
		esac
	done | sort
}

# Kconfig drops what it does not know or whose dependencies are not met, and
# says nothing.
configure()
{
	local unexpected

	cat "$DIPC_TOP/scripts/kernel-base.config" \
	    "$DIPC_TOP/scripts/kernel-$kind.config" >"$fragment"
	kernel_make -s KCONFIG_ALLCONFIG="$fragment" allnoconfig >&2
	cp "$tree/.config" "$dir/config"
	dropped >"$dir/dropped"
	awk -v series="$series" '$1 == series { print "CONFIG_" $2 }' \
		"$DIPC_TOP/scripts/kernel-dropped.txt" | sort |
		comm -12 - <(sed -n 's/^\(# \)\?\(CONFIG_[A-Z0-9_]*\).*/\2/p' "$fragment" | sort) \
		>"$dir/expected"
	[ ! -s "$dir/expected" ] ||
		say "not in $series, as expected: $(tr '\n' ' ' <"$dir/expected")"
	unexpected=$(comm -23 "$dir/dropped" "$dir/expected")
	[ -z "$unexpected" ] ||
		die "Kconfig of $series did not take these as the fragments have them: ${unexpected//$'\n'/ }"
	unexpected=$(comm -13 "$dir/dropped" "$dir/expected")
	[ -z "$unexpected" ] ||
		die "Kconfig of $series was expected to drop, and did not: ${unexpected//$'\n'/ }"
	rm "$dir/expected"
}

progress()
{
	local word n=0 t0=$SECONDS

	while read -r word _; do
		case $word in CC|AS|LD|AR) ;; *) continue ;; esac
		n=$((n + 1))
		[ $((n % 100)) != 0 ] ||
			printf '    %2d %%, %d min\n' \
				"$((n < files ? 100 * n / files : 99))" \
				"$(((SECONDS - t0) / 60))" >&2
	done
}

unpack
configure
mapfile -t settings < <(sed -n 's/^# make //p' "$fragment")
say "building $kind of $series ($(grep -c '^CONFIG' "$dir/config") settings; a quarter of an hour on two cores)"
if ! kernel_make -j "${JOBS:-$(nproc)}" "${settings[@]}" bzImage modules 2>&1 |
     tee "$dir/log" | progress; then
	tail -n 30 "$dir/log" | sed 's/^/    /' >&2
	die "the kernel did not build (all of the output is in $dir/log)"
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
