#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# aliases.sh PAGE…: for each other name in the NAME section of a manual page,
# one line "NAME.3 PAGE", so that "make install" can make the page known under
# it.

for page in "$@"; do
	file=${page##*/}
	sed -n '/^\.SH NAME/,/\\-/p' "$page" | sed 's/\\-.*//' |
	grep -o 'ipc_[a-z_]*' | while read -r name; do
		[ "$name.3" = "$file" ] || echo "$name.3 $file"
	done
done
