#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Checks Documentation/layers.txt: which file of kmod/ stands on which.

An arrow goes from the file that uses to the file that is used: a symbol that
a.o needs and b.o defines, or an #include of b.h in a.c. (An include in a.h
counts for a.) Every arrow must go down. Reports each that does not, with the
symbol, and each file of kmod/ that the list does not name.
"""

import os
import re
import subprocess
import sys

TOP = os.environ.get('DIPC_TOP') or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LIST = os.path.join(TOP, 'Documentation/layers.txt')
KMOD = os.path.join(TOP, 'kmod')
# Seen by every file and calling none: not part of the order.
EVERYWHERE = {'compat'}


def read_list():
    """file -> (floor, whether its floor is ordered, place on the floor)"""
    place = {}
    floor = 0
    in_list = False
    with open(LIST, encoding='utf-8') as f:
        for line in f:
            line = line.split('#', 1)[0].rstrip()
            if re.match(r'^floor\b', line):
                in_list = True
                floor += 1
                line = re.sub(r'^floor[^:]*:', '', line)
            elif not in_list or not line.startswith((' ', '\t')):
                continue
            for name in line.split():
                if name in place:
                    sys.exit(f'layers.txt: {name} is named twice')
                place[name] = (floor, len(place))
    if not place:
        sys.exit('layers.txt: no floors')
    return place


def files():
    return sorted({f[:-2] for f in os.listdir(KMOD) if f.endswith(('.c', '.h'))} - EVERYWHERE)


def includes(name):
    for ext in ('c', 'h'):
        path = os.path.join(KMOD, f'{name}.{ext}')
        if not os.path.exists(path):
            continue
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                m = re.match(r'\s*#\s*include\s+"([^"]+)\.h"', line)
                if m and m[1] != name and os.path.exists(os.path.join(KMOD, m[1] + '.h')):
                    yield m[1], f'{name}.{ext}:{number} includes {m[1]}.h'


def symbols(objects):
    """Yields (user, used, text) for each symbol that crosses two objects."""
    defined, needed = {}, []
    for name, path in objects.items():
        text = subprocess.run(['nm', path], check=True, capture_output=True, text=True).stdout
        for line in text.splitlines():
            *_, kind, symbol = line.split()
            if symbol.startswith(('__UNIQUE_ID', '__pfx_', '__kstrtab', '__export')):
                continue
            if kind in 'TDBRVWC':
                defined.setdefault(symbol, name)
            elif kind in 'U':
                needed.append((name, symbol))
    for name, symbol in needed:
        owner = defined.get(symbol)
        if owner and owner != name:
            yield name, owner, f'{name}.c uses {symbol}() of {owner}.c'


def main():
    place = read_list()
    bad = []
    present = files()
    for name in present:
        if name not in place:
            bad.append(f'kmod/{name}: not in Documentation/layers.txt')
    for name in place:
        if name not in present:
            bad.append(f'Documentation/layers.txt: there is no kmod/{name}')
    objdir = os.path.join(os.environ['DIPC_OBJ'], 'kmod')
    objects = {n: os.path.join(objdir, n + '.o') for n in present
               if os.path.exists(os.path.join(KMOD, n + '.c'))}
    for name, path in list(objects.items()):
        if not os.path.exists(path):
            bad.append(f'kmod/{name}.c: not built (is it in Kbuild?)')
            del objects[name]
    arrows = [(n, used, text) for n in present for used, text in includes(n)]
    arrows += symbols(objects)
    same_floor = {}
    for user, used, text in arrows:
        if user not in place or used not in place or used in EVERYWHERE:
            continue
        if place[used][0] > place[user][0]:
            bad.append(f'{text}: floor {place[user][0]} uses floor {place[used][0]} above it')
        elif place[used][0] == place[user][0] and user != used:
            same_floor.setdefault(user, {})[used] = text
    # On one floor: later in the list may use earlier.
    for user, uses in same_floor.items():
        for used, text in uses.items():
            if place[used][1] > place[user][1]:
                bad.append(f'{text}: on its floor, but later in the list')
    for line in bad:
        print(line)
    print(f'{len(place)} files, {len(arrows)} uses, {len(bad)} wrong')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
