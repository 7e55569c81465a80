#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# module.sh [build|sparse|install]: kbuild for dipc.ko, out of the source
# tree. build/RELEASE holds links to the sources, so that each kernel has its
# own objects and kbuild's own dependencies decide what is rebuilt. Links are
# refreshed each time, so that new and removed files are followed.
# Which kernel: KERNEL or KDIR (kernel_env in common.sh). W=1 and -Werror are
# the rule; WERROR=0 is for compilers that we do not know. V, C as in kbuild.
# A kernel with KCOV is told by it what of the module is executed, and with
# KERNEL=coverage the module counts that itself (gcov).

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

action=${1:-build}
kernel_env
dir=$DIPC_OBJ

refresh()
{
	local part

	mkdir -p "$dir"
	# Another tree under the same release name: nothing of the old remains.
	if [ "$(cat "$dir/.kdir" 2>/dev/null)" != "$KDIR" ]; then
		find "$dir" -mindepth 1 -delete
		echo "$KDIR" >"$dir/.kdir"
	fi
	[ -f "$DIPC_TOP/Kbuild" ] || die "no Kbuild in $DIPC_TOP"
	find "$dir" -xtype l -delete
	for part in Kbuild kmod uapi; do
		[ -e "$DIPC_TOP/$part" ] || continue
		cp -rs --remove-destination "$DIPC_TOP/$part" "$dir/"
	done
	# Objects whose source is gone would still be seen by the checks.
	find "$dir/kmod" -name '*.o' -print | while read -r part; do
		[ -e "${part%.o}.c" ] || rm -f "$part"
	done
}

run()
{
	local flags=() profile=KCOV_INSTRUMENT

	[ "${KERNEL:-}" != coverage ] || profile=GCOV_PROFILE
	[ "${WERROR:-1}" = 0 ] || flags+=(KCFLAGS=-Werror)
	[ -z "${V:-}" ] || flags+=("V=$V")
	# The make above us is not this one's jobserver: it may be told nothing.
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -C "$KDIR" -j "${JOBS:-$(nproc)}" --no-print-directory \
		M="$dir" W="${W-1}" "$profile=y" "${flags[@]}" "$@" 2>&1 |
		sed -u -e '/^Skipping BTF/d' -e '/^make\[[0-9]*\]: Nothing to be done/d' \
		       -e '/^  *\(DESCEND\|SYMLINK\|BTF\)/d' -e "s|$dir/||g" -e "s|$KDIR/||g"
}

build()
{
	refresh
	run C="${C-0}" modules
	[ -f "$dir/dipc.ko" ] || die "kbuild made no dipc.ko"
}

sparse()
{
	refresh
	run C=2 CHECK="$DIPC_TOP/scripts/sparse.sh" modules
}

lock=$DIPC_BUILD/.lock.$KREL
case $action in
build)	 with_lock "$lock" build ;;
sparse)	 with_lock "$lock" sparse ;;
install) with_lock "$lock" build
	 # Nobody here holds the key that stock kernels were signed with.
	 with_lock "$lock" run INSTALL_MOD_DIR=updates CONFIG_MODULE_SIG_ALL= \
		modules_install | sed '/System.map/d'
	 [ -n "${INSTALL_MOD_PATH:-}" ] || PATH=$PATH:/sbin:/usr/sbin depmod -a "$KREL" ;;
*)	 die "usage: module.sh build|sparse|install" ;;
esac
