#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's checkpatch.pl over the files of kmod/ and uapi/, or over those
# that are named: whatever it says of them is a failure. What it is not to say
# is listed here, each with the reason.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

cd "$DIPC_TOP"
# shellcheck disable=SC1090
[ -n "${KSOURCE:-}" ] || . <(scripts/kernel.sh source)

everywhere=(
	# of a patch to a kernel tree; here are whole files, outside of one
	FILE_PATH_CHANGES CONFIG_DESCRIPTION SPDX_LICENSE_TAG
	# a structure's comment says which lock guards what
	UNCOMMENTED_DEFINITION
	# long calls are indented by two tabs where the bracket leaves no room
	PARENTHESIS_ALIGNMENT
)
# ignored FILE: what is ignored in this one only.
ignored()
{
	case $1 in
	# what differs from kernel to kernel is this file's purpose, and what it
	# stands in for has the arguments that it has
	kmod/compat.h)	echo LINUX_VERSION_CODE CONSTANT_COMPARISON MACRO_ARG_UNUSED UNNECESSARY_CASTS ;;
	# the family's number is known only when the module is loaded
	kmod/socket.c)	echo CONST_STRUCT ;;
	# the form that the macros of tracepoints have everywhere
	kmod/trace.h)	echo OPEN_ENDED_LINE ;;
	# constants are explained beside them; programs have no BIT()
	uapi/*)		echo BLOCK_COMMENT_STYLE BIT_MACRO ;;
	esac
}

if [ $# = 0 ]; then
	# What a generator writes has the form that it gives it.
	mapfile -t files < <(grep -L 'YNL-GEN' kmod/*.[ch] uapi/linux/*.h)
	set -- "${files[@]}"
fi
# check TYPES FILE…: quiet, or what is wrong with them.
check()
{
	local types=$1
	shift

	perl "$KSOURCE/scripts/checkpatch.pl" --no-tree --terse --no-summary --strict \
		--show-types --max-line-length=100 \
		--ignore "$(tr -s ' ' , <<<"${everywhere[*]} $types" | sed 's/,$//')" -f "$@"
}
bad=0 common=()
for file; do
	types=$(ignored "$file")
	if [ -n "$types" ]; then
		check "$types" "$file" || bad=1
	else
		common+=("$file")
	fi
done
[ ${#common[@]} = 0 ] || check '' "${common[@]}" || bad=1
echo "$# files, $([ "$bad" = 0 ] && echo no complaint || echo see above)"
exit "$bad"
