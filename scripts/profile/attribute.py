#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""attribute.py COUNTS KALLSYMS PROGRAM N: to which functions the instructions
belong that the plugin (count.c) has counted, for one of N operations.

What the compiler has put inside another function counts as that one's.
"""
import bisect
import collections
import subprocess
import sys

KERNEL = 1 << 63
LEAST = 0.5             # instructions an operation; less is told in one line


def kernel_functions(path):
    """Sorted (address, name, module)."""
    found = []
    with open(path, encoding='ascii', errors='replace') as f:
        for line in f:
            part = line.split()
            if len(part) >= 3 and part[1] in 'tTwW':
                module = part[3].strip('[]') if len(part) > 3 else 'kernel'
                found.append((int(part[0], 16), part[2], module))
    return sorted(found)


def program_functions(path):
    """The same of a program, with the end of its code."""
    found = []
    text = subprocess.run(['nm', '--defined-only', path], check=True,
                          capture_output=True, text=True).stdout
    for line in text.splitlines():
        part = line.split()
        if len(part) == 3 and part[1] in 'tTwW':
            found.append((int(part[0], 16), part[2], 'program'))
        if len(part) == 3 and part[2] == '_fini':
            found.append((int(part[0], 16) + 64, 'libraries, vdso', 'program'))
    return sorted(found)


class Functions:
    """Looks addresses up."""

    def __init__(self, functions):
        self.functions = functions
        self.starts = [f[0] for f in functions]

    def at(self, address):
        i = bisect.bisect_right(self.starts, address) - 1
        return self.functions[i] if i >= 0 else (0, '?', '?')


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    counts, kallsyms, program, n = sys.argv[1:]
    n = int(n)
    kernel = Functions(kernel_functions(kallsyms))
    user = Functions(program_functions(program))
    cost, calls = collections.Counter(), collections.Counter()
    with open(counts, encoding='ascii') as f:
        for line in f:
            address, count = line.split()
            address, count = int(address, 16), int(count)
            start, name, where = (kernel if address >= KERNEL else user).at(address)
            cost[name, where] += count
            if start == address:
                calls[name, where] += count
    total = sum(cost.values())
    print(f'{total / n:10,.0f}  instructions an operation, of {n}:')
    where_cost = collections.Counter()
    for (_, where), count in cost.items():
        where_cost[where] += count
    for where, count in where_cost.most_common():
        print(f'{count / n:10,.0f}  {100 * count / total:5.1f} %  {where}')
    print(f'\n{"":10}           calls  function')
    rest = 0
    for (name, where), count in cost.most_common():
        if count / n < LEAST:
            rest += count
            continue
        label = name if where in ('kernel', 'program') else f'{name} [{where}]'
        label = f'({label})' if where == 'program' else label
        print(f'{count / n:10,.1f}  {100 * count / total:5.1f} % '
              f'{calls[name, where] / n:7.2f}  {label}')
    print(f'{rest / n:10,.1f}  {100 * rest / total:5.1f} % {"":7}  all others')


if __name__ == '__main__':
    main()
