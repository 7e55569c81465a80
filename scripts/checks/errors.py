#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Checks that Documentation/errors.txt and the suites say the same.

A row is "E-AREA-NN ERRNO cause", then "as: relative". Each row must have a
test that names its id, as E-AREA-NN or E_AREA_NN, and each id in a test must
have a row. Where the test is a ROW(id, ERRNO, …) the errno must be the row's.
An errno that a file of kmod/ names must occur in some row.
"""

import errno
import glob
import os
import re
import sys

TOP = os.environ.get('DIPC_TOP') or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
TABLE = os.path.join(TOP, 'Documentation/errors.txt')
ROW = re.compile(r'^(E-[A-Z]+-\d\d)\s+(\S+)\s+(\S.*)$')
TEST_ID = re.compile(r'\bE[-_]([A-Z]+)[-_](\d\d)(?=$|[^0-9A-Za-z_]|__)')
TEST_ROW = re.compile(r'\bROW\(\s*E_([A-Z]+)_(\d\d)\s*,\s*(\w+)\s*,')
# ENOMEM is said once for all calls; the others never reach a user as such.
WITHOUT_ROW = {'ENOMEM', 'EALREADY', 'EINPROGRESS', 'ENOIOCTLCMD', 'ERESTARTSYS'}


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def read_table(complain):
    """id -> errno"""
    rows = {}
    wants_relative = None
    for number, line in enumerate(read(TABLE).splitlines(), 1):
        where = f'Documentation/errors.txt:{number}'
        match = ROW.match(line)
        if match:
            name, code, _ = match.groups()
            if wants_relative:
                complain(f'{where}: {wants_relative} names no relative ("as:")')
            wants_relative = name
            if name in rows:
                complain(f'{where}: {name} is there twice')
            if not hasattr(errno, code):
                complain(f'{where}: {code} is no errno')
            rows[name] = code
        elif re.match(r'^\s+as: \S', line):
            wants_relative = None
        elif re.match(r'^E-', line):
            complain(f'{where}: neither a row nor a text')
    if wants_relative:
        complain(f'Documentation/errors.txt: {wants_relative} names no relative ("as:")')
    return rows


def read_tests():
    """id -> suites that name it; id -> (errno, suite) of a ROW()"""
    named, tested = {}, {}
    for path in sorted(glob.glob(os.path.join(TOP, 'selftests/*.c')) +
                       glob.glob(os.path.join(TOP, 'selftests/*.sh'))):
        suite = os.path.relpath(path, TOP)
        text = read(path)
        for area, number in TEST_ID.findall(text):
            named.setdefault(f'E-{area}-{number}', set()).add(suite)
        for area, number, code in TEST_ROW.findall(text):
            tested[f'E-{area}-{number}'] = (code, suite)
    return named, tested


def main():
    faults = []
    rows = read_table(faults.append)
    named, tested = read_tests()

    if not rows or not named:
        faults.append('there is no table, or there are no tests')
    for name in sorted(rows.keys() - named.keys()):
        faults.append(f'{name} ({rows[name]}) has no test')
    for name in sorted(named.keys() - rows.keys()):
        faults.append(f'{name} of {", ".join(sorted(named[name]))} has no row')
    for name in sorted(rows.keys() & tested.keys()):
        code, suite = tested[name]
        if code != rows[name]:
            faults.append(f'{name} is {rows[name]} in the table, {code} in {suite}')
    for path in sorted(glob.glob(os.path.join(TOP, 'kmod/**/*.c'), recursive=True)):
        text = read(path)
        text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
        for code in sorted(set(re.findall(r'-(E[A-Z0-9]+)\b', text))):
            if code not in WITHOUT_ROW and code not in rows.values():
                faults.append(f'{code}, which {os.path.relpath(path, TOP)} gives, is in no row')

    for fault in faults:
        print(fault)
    print(f'{len(rows)} rows, {len(tested)} tests with an errno of their own')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
