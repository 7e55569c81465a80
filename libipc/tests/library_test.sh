#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# library_test.sh SRC OUT: what is promised of the built library as a whole:
# header, version map, exports and manual pages name the same functions; the
# header can be included alone and by C++; what "make install" installs is
# enough to build an example. Prints KTAP.

set -u
src=$1 out=$2
CC=${CC:-cc} CXX=${CXX:-c++}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
tests=0 failures=0

result()	# STATUS NAME [DIRECTIVE]
{
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests $2${3:+ # $3}"
	else
		failures=$((failures + 1))
		sed 's/^/# /' "$tmp/log"
		echo "not ok $tests $2"
	fi
}

run()		# NAME COMMAND…
{
	local name=$1
	shift
	"$@" >"$tmp/log" 2>&1
	result $? "$name"
}

skip() { result 0 "$1" "SKIP $2"; }
have() { command -v "$1" >/dev/null; }

header_functions() { grep -ohE '^(int|ssize_t) ipc_[a-z_]+' "$src"/include/ipc/*.h | sed 's/.* //' | sort; }
map_functions() { sed -n 's/^\tipc\(_[a-z_]*\);$/ipc\1/p' "$src/libipc.map" | sort; }
exports() { nm -D --defined-only "$out/libipc.so" | sed -n 's/.* T \([a-z_]*\)@@LIBIPC_.*/\1/p' | sort; }
strays() { nm -D --defined-only "$out/libipc.so" | grep -v ' A LIBIPC_\| T ipc_[a-z_]*@@LIBIPC_'; }
pages()
{
	{
		"$src/man/aliases.sh" "$src"/man/*.3 | sed 's/\.3 .*//'
		basename -s .3 "$src"/man/*.3
	} | sort
}
same() { diff <("$1") <("$2"); }
no_strays() { ! strays; }
soname() { readelf -d "$out/libipc.so" | grep -q 'SONAME.*\[libipc\.so\.0\]'; }

man_is_clean()
{
	local page status=0

	for page in "$src"/man/*.[37]; do
		LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings \
			-E UTF-8 -l -Tutf8 -Z "$page" >/dev/null 2>"$tmp/man"
		[ -s "$tmp/man" ] && { echo "$page:"; cat "$tmp/man"; status=1; }
	done
	return $status
}

pages_have_sections()
{
	local page section status=0

	for page in "$src"/man/*.3; do
		for section in NAME LIBRARY SYNOPSIS DESCRIPTION 'RETURN VALUE' \
			       ERRORS EXAMPLES 'SEE ALSO'; do
			grep -Eq "^\.SH \"?$section\"?\$" "$page" && continue
			echo "$page: no $section"
			status=1
		done
	done
	return $status
}

header_alone()
{
	printf '#include <ipc/libipc.h>\nint ipc_nothing;\n' >"$tmp/h.$1"
	"${@:2}" -Wall -Wextra -Werror -pedantic -fsyntax-only \
		-I"$src/include" -I"$src/../uapi" "$tmp/h.$1"
}

installed()
{
	make -s -C "$src" O="$out" DESTDIR="$tmp/root" prefix=/usr install
}

installed_is_enough()
{
	local root=$tmp/root/usr

	"$CC" -o "$tmp/hello" -I"$root/include" \
		"$root/share/doc/libipc/examples/hello.c" -L"$root/lib" -lipc &&
	readelf -d "$tmp/hello" | grep -q 'NEEDED.*libipc\.so\.0' &&
	"$CC" -o "$tmp/hello" -I"$root/include" \
		"$root/share/doc/libipc/examples/hello.c" \
		"$root/lib/libipc.a" -lmnl
}

pkg_config_finds()
{
	local flags

	flags=$(PKG_CONFIG_SYSROOT_DIR='' PKG_CONFIG_PATH="$tmp/root/usr/lib/pkgconfig" \
		pkg-config --cflags --libs libipc) && [[ $flags == *-lipc* ]]
}

man_finds_alias() { man -M "$tmp/root/usr/share/man" -w ipc_addr_format >/dev/null; }

uninstalled()
{
	make -s -C "$src" O="$out" DESTDIR="$tmp/root" prefix=/usr uninstall &&
	[ -z "$(find "$tmp/root" ! -type d)" ] || { find "$tmp/root" ! -type d; false; }
}

echo "KTAP version 1"
run header_and_map_agree same header_functions map_functions
run map_and_exports_agree same map_functions exports
run nothing_else_is_exported no_strays
run soname_is_set soname
run each_function_has_a_page same header_functions pages
run pages_have_their_sections pages_have_sections
if have man && have groff; then
	run pages_are_clean man_is_clean
else
	skip pages_are_clean "no man or groff"
fi
run header_stands_alone_in_c header_alone c "$CC" -std=c99
if have "$CXX"; then
	run header_stands_alone_in_cxx header_alone cc "$CXX" -std=c++11
else
	skip header_stands_alone_in_cxx "no C++ compiler"
fi
run install installed
run installed_files_are_enough_to_build installed_is_enough
run pkg_config_finds_it pkg_config_finds
if have man; then
	run man_finds_page_by_alias man_finds_alias
else
	skip man_finds_page_by_alias "no man"
fi
run uninstall_leaves_no_file uninstalled

echo "1..$tests"
echo "# Totals: pass:$((tests - failures)) fail:$failures xfail:0 xpass:0 skip:0 error:0"
[ $failures -eq 0 ]
