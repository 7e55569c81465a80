#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every source file names its licence in its first three lines, and the text
# of each licence named is in LICENSES/.

set -euo pipefail
cd "$(dirname "$0")/../.."

bad=0
while read -r f; do
	f=${f#./}
	[ -f "$f" ] || continue
	case $f in
	COPYING|LICENSES/*|*.md|*.txt|*.rst|MAINTAINERS|*/settings|*/config|*.in|*.png|*.svg) continue ;;
	esac
	if ! head -n 3 "$f" | grep -qa 'SPDX-License-Identifier: '; then
		echo "$f: no SPDX-License-Identifier in its first three lines"
		bad=1
	fi
done < <(git ls-files -co --exclude-standard 2>/dev/null || find . -type f -not -path './build/*' -not -path './.git/*')

# "LGPL-2.1-or-later" is the text LGPL-2.1.
while read -r id; do
	id=${id%-only} id=${id%-or-later} id=${id%+}
	if ! compgen -G "LICENSES/*/$id" >/dev/null; then
		echo "LICENSES: no text of $id"
		bad=1
	fi
done < <(grep -rhaoE --include='*.[ch]' --include='*.sh' --include='*.py' --include=Makefile \
		--include='*.yaml' --exclude-dir=build --exclude-dir=.git \
		'SPDX-License-Identifier: .*' . |
	 sed 's/SPDX-License-Identifier: //; s/[()*\/#'\''"]/ /g; s/ \(OR\|AND\|WITH\) / /g' | tr -s ' ' '\n' | grep -E '^[A-Z].*[0-9a-z]' | sort -u)
exit "$bad"
