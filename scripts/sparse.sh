#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse.sh ARGS…: sparse as kbuild's CHECK, for which any complaint about a
# file of ours is a failure. What it finds in the kernel's own headers is not
# ours to mend, and is left out.

set -euo pipefail

out=$(sparse "$@" 2>&1) || true
ours=$(grep -E "^($PWD/)?[^ ]*(kmod|uapi)/[^ ]*:[0-9]+:" <<<"$out" || true)
[ -z "$ours" ] || { printf '%s\n' "$ours" >&2; exit 1; }
# No file position at all: sparse itself failed.
if grep -qE '^sparse:|^[^ ]*: (fatal|error)' <<<"$out"; then
	printf '%s\n' "$out" >&2
	exit 1
fi
