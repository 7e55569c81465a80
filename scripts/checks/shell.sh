#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every shell script of the tree, whatever its name, passes shellcheck.

set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t scripts < <(
	{ git ls-files -co --exclude-standard 2>/dev/null || find . -type f -not -path './build/*'; } |
		while read -r f; do
			[ -f "$f" ] || continue
			case $f in
			*.sh)	echo "$f" ;;
			*)	head -c 64 "$f" | head -n1 | grep -qaE '^#!.*\b(ba)?sh\b' && echo "$f" || true ;;
			esac
		done | sort)
echo "${#scripts[@]} scripts"
shellcheck -x "${scripts[@]}"
