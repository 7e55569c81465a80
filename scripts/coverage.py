#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""coverage.py: which lines of kmod/ were executed, and why others were not.

Reads runs, each a folder with the .gcno files of one build of the module and
the .gcda files that a guest's kernel counted into, all of the same sources.
Prints a line for each file and the total, then each stretch of lines that
nothing executed, under the reason that Documentation/coverage.txt has for it
or under none. Exit status 1 if less than --least per cent were executed.
"""

import argparse
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REASONS = os.path.join(TOP, 'Documentation/coverage.txt')
# What is made by macros of the kernel or by a generator is not our text.
NOT_OURS = {'trace.h', 'netlink_policy.h'}


class Source:
    """One file of kmod/: how often each of its lines ran, in which function."""

    def __init__(self, name):
        self.name = name
        self.counts = {}
        self.function = {}
        with open(os.path.join(TOP, 'kmod', name), encoding='utf-8') as f:
            self.text = f.read().splitlines()

    def add(self, line, count, function):
        self.counts[line] = self.counts.get(line, 0) + count
        self.function.setdefault(line, function)

    def executed(self):
        return sum(1 for count in self.counts.values() if count)

    def stretches(self):
        """Lists of line numbers, one after the other, of one function."""
        now = []
        for line in sorted(self.counts):
            if self.counts[line]:
                if now:
                    yield now
                now = []
            elif now and self.function[line] != self.function[now[0]]:
                yield now
                now = [line]
            else:
                now.append(line)
        if now:
            yield now


def read_run(folder, sources):
    """Adds what one run counted."""
    data = glob.glob(f'{folder}/*.gcda')
    if not data:
        sys.exit(f'{folder}: no counters')
    with tempfile.TemporaryDirectory() as scratch:
        for path in data + glob.glob(f'{folder}/*.gcno'):
            shutil.copy(path, scratch)
        names = sorted(os.path.basename(path) for path in data)
        run = subprocess.run(['gcov', '--json-format', '--stdout', *names], cwd=scratch,
                             capture_output=True, text=True, check=True)
    if 'stamp mismatch' in run.stderr:
        sys.exit(f'{folder}: counters of another build')
    for document in filter(None, run.stdout.splitlines()):
        for file in json.loads(document)['files']:
            path, name = os.path.split(file['file'])
            if os.path.basename(path) != 'kmod' or name in NOT_OURS:
                continue
            source = sources.setdefault(name, None) or Source(name)
            sources[name] = source
            for line in file['lines']:
                source.add(line['line_number'], line['count'], line.get('function_name', ''))


def read_reasons():
    """Lists of [file, function, text of a line, reason, whether it was used]."""
    reasons = []
    if not os.path.exists(REASONS):
        return reasons
    reason = ''
    with open(REASONS, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip('\n')
            if line.startswith('#') or not line.strip():
                continue
            if not line[0].isspace():
                reason = line.rstrip(':')
                continue
            m = re.fullmatch(r'\s+(\S+)\s+(\S+)(?:\s+`(.*)`)?', line)
            if not m or not reason:
                sys.exit(f'coverage.txt:{number}: not "FILE FUNCTION `TEXT`" below a reason')
            reasons.append([m[1], m[2], m[3], reason, False])
    return reasons


def reason_of(source, lines, reasons):
    """The first that names the function and is found in one of the lines."""
    for entry in reasons:
        file, function, text, reason, _used = entry
        if file != source.name or function != source.function[lines[0]]:
            continue
        if text is None or any(text in source.text[line - 1] for line in lines):
            entry[4] = True
            return reason
    return None


def tell_files(sources):
    executed = lines = 0
    print(f'{"file":24}{"lines":>8}{"executed":>10}{"per cent":>10}')
    for name in sorted(sources):
        source = sources[name]
        n, done = len(source.counts), source.executed()
        executed += done
        lines += n
        print(f'{name:24}{n:8}{done:10}{100 * done / n:10.1f}')
    share = 100 * executed / lines
    print(f'{"all":24}{lines:8}{executed:10}{share:10.1f}')
    return share


def tell_rest(sources, reasons):
    """Prints what was not executed; returns how many lines have no reason."""
    by_reason = collections.defaultdict(list)
    for name in sorted(sources):
        for lines in sources[name].stretches():
            by_reason[reason_of(sources[name], lines, reasons)].append((sources[name], lines))
    for reason in sorted(by_reason, key=lambda r: (r is None, r)):
        count = sum(len(lines) for _source, lines in by_reason[reason])
        print(f'\nNot executed, {count} lines: {reason or "WITHOUT A REASON in coverage.txt"}')
        for source, lines in by_reason[reason]:
            where = f'{source.name}:{lines[0]}'
            if lines[-1] != lines[0]:
                where += f'-{lines[-1]}'
            text = source.text[lines[0] - 1].strip()
            print(f'  {where:32} {source.function[lines[0]]}: {text}')
    return sum(len(lines) for _source, lines in by_reason[None])


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--least', type=float, default=0, help='per cent that must be executed')
    p.add_argument('runs', nargs='+')
    args = p.parse_args()

    sources = {}
    for folder in args.runs:
        read_run(folder, sources)
    reasons = read_reasons()
    share = tell_files(sources)
    unexplained = tell_rest(sources, reasons)
    print()
    for file, function, text, _reason, used in reasons:
        if not used and args.least:
            print(f'coverage.txt: {file} {function} {text or ""}: executed by now, or gone')
    print(f'{share:.1f} % of the lines were executed; {unexplained} of the others have no reason')
    return 1 if share < args.least else 0


if __name__ == '__main__':
    sys.exit(main())
