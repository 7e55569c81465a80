#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# netlink-spec.sh [--update]: the netlink tables and the uapi header are what
# the kernel's generator makes of Documentation/netlink/specs/dipc.yaml, and
# the constants that the spec repeats have the values of <linux/dipc.h>.
# --update writes the generated files anew.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck disable=SC1090
[ -n "${KSOURCE:-}" ] || . <(scripts/kernel.sh source)
spec=Documentation/netlink/specs/dipc.yaml
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The generator looks for the schema beside the spec, and for the top of a
# tree by its MAINTAINERS; from there is the path that it writes down.
mkdir -p "$tmp/Documentation/netlink/specs" "$tmp/out"
touch "$tmp/MAINTAINERS"
cp "$KSOURCE"/Documentation/netlink/*.yaml "$tmp/Documentation/netlink/"

# A command that can only dump: the tables of kernels before split ops have one
# policy for both, which the generator takes from "do". It is given one, and
# what it makes of that becomes the end of the dump, of which it knows nothing:
# $only_dump matches the beginning of their names.
only_dump=$(/usr/bin/python3 - "$spec" "$tmp/$spec" <<'PYTHON'
import sys
import yaml

spec = yaml.safe_load(open(sys.argv[1], encoding='utf-8'))
ops = [op for op in spec['operations']['list'] if 'dump' in op and 'do' not in op]
for op in ops:
    op['do'] = {'request': op['dump'].pop('request')}
with open(sys.argv[2], 'w', encoding='utf-8') as f:
    f.write('# SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)\n')
    yaml.safe_dump(spec, f, sort_keys=False)
names = [op['name'].replace('-', '_') for op in ops]
print('dipc_nl_(' + '|'.join(names) + ')')
PYTHON
)

# generate MODE --header|--source FILE: in a kernel tree, uapi headers are
# found below include/uapi; here they are on the search path. An include is
# written once. The array of multicast groups is static, but goes with the
# struct genl_family, which is not generated for kernels before split ops:
# kmod/netlink.c has both. Those kernels' policies point to ranges that are
# not const.
generate()
{
	local out=$tmp/out/${3##*/}

	PYTHONDONTWRITEBYTECODE=1 timeout 120 /usr/bin/python3 \
		"$KSOURCE/tools/net/ynl/ynl-gen-c.py" --spec "$tmp/$spec" \
		--mode "$1" "$2" -o "$out"
	sed -e 's|<uapi/linux/dipc|<linux/dipc|' \
	    -e 's|^static const \(struct netlink_range_validation\)|static \1|' \
	    -e '/^static const struct genl_multicast_group/,/^};/d' \
	    -E -e "s/^(\t\t\.)doit(\t\t= $only_dump)_doit/\1done\2_done/" \
	    -e "s/($only_dump)_doit\(.*\)/\1_done(struct netlink_callback *cb)/" "$out" |
		awk '!(/^#include/ && seen[$0]++)' | cat -s |
		sed -e '${/^$/d}' >"$out.new"
	mv "$out.new" "$out"
}

files=(uapi/linux/dipc_netlink.h kmod/netlink_policy.h kmod/netlink_policy.c)
generate uapi --header "${files[0]}"
generate kernel --header "${files[1]}"
generate kernel --source "${files[2]}"

bad=0
for file in "${files[@]}"; do
	if [ "${1:-}" = --update ]; then
		cmp -s "$tmp/out/$(basename "$file")" "$file" ||
			cp "$tmp/out/$(basename "$file")" "$file"
	elif ! diff -u "$file" "$tmp/out/$(basename "$file")"; then
		echo "$file is not what $spec says: run $0 --update"
		bad=1
	fi
done

# Each value of the spec's definitions against the header that has them.
/usr/bin/python3 - "$spec" >"$tmp/values.c" <<'PYTHON'
import sys
import yaml

spec = yaml.safe_load(open(sys.argv[1], encoding='utf-8'))
print('#include <linux/dipc.h>\n#include <linux/dipc_netlink.h>')
for d in spec['definitions']:
    values = [(d['name'], d.get('value'))]
    if d['type'] == 'enum':
        prefix = d.get('name-prefix', f"{spec['name']}-{d['name']}-")
        names = [e['name'] if isinstance(e, dict) else e for e in d['entries']]
        values = [(prefix + name, n) for n, name in enumerate(names)]
    for name, value in values:
        c_name = name.upper().replace('-', '_')
        print(f'_Static_assert({c_name} == {value}, "{c_name}");')
    if d['name'] == 'reason':
        print(f'_Static_assert(__DIPC_REASON_COUNT == {len(values)}, "a reason is missing in the spec");')
PYTHON
gcc -fsyntax-only -Iuapi "$tmp/values.c" || bad=1
exit "$bad"
