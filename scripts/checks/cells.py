#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Checks Documentation/cells.txt without running anything.

Each point of the axes (mode, capacity, policy, situation: the names in
selftests/lib/cells_table.c) has one row or one reason why it cannot occur; each
word in a row is known: an errno that is in errors.txt, a counter that kmod/stats.c
names; and what is asynchronous, and nothing else, has a completion. That each
row is true is tested by the suite selftests/cells.c, which reads the same text.
"""

import itertools
import os
import re
import sys

TOP = os.environ.get('DIPC_TOP') or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
TEXT = 'Documentation/cells.txt'
HEAD = re.compile(r'^mode (\S+), capacity (\d+)$')
CANNOT = re.compile(r'^cannot occur \((\S+)\): (.+)$')
EVENTS = {'in', 'out', 'err', 'hup'}
HOLDERS = {'queue', 'line', 'receiver', 'nobody'}


def read(path):
    with open(os.path.join(TOP, path), encoding='utf-8') as f:
        return f.read()


def array(text, name):
    """The strings or numbers that initialize a C array."""
    match = re.search(re.escape(name) + r'\[\w+\] = \{(.*?)\};', text, re.S)
    return re.findall(r'"([^"]+)"|\b(\d+)\b', match.group(1)) if match else []


class Table:
    """The text, and what is wrong with it."""

    def __init__(self):
        source = read('selftests/lib/cells_table.c')
        words = {name: [a or b for a, b in array(source, name)] for name in (
            'cell_mode_names', 'cell_policy_names', 'cell_capacities', 'cell_situation_names')}
        self.modes = words['cell_mode_names']
        self.policies = words['cell_policy_names']
        self.capacities = words['cell_capacities']
        self.situations = words['cell_situation_names']
        self.counters = set(re.findall(r'\{ "([a-z-]+)", ', read('kmod/stats.c'))) - {'none'}
        self.errnos = set(re.findall(r'^E-[A-Z]+-\d\d\s+(E\w+)', read('Documentation/errors.txt'),
                                     re.M))
        self.faults = []
        self.rows, self.reasons = {}, {}
        self.line = 0
        self.here = None

    def fault(self, what):
        self.faults.append(f'{TEXT}:{self.line}: {what}')

    def points(self, policies, situation):
        chosen = self.policies if policies == 'any' else policies.split(',')
        for policy in chosen:
            if policy not in self.policies:
                self.fault(f'no policy {policy}')
        if situation not in self.situations:
            self.fault(f'no situation {situation}')
        return [self.here + (policy, situation) for policy in chosen]

    def enter(self, into, policies, situation, what):
        for point in self.points(policies, situation):
            if point in self.rows or point in self.reasons:
                self.fault(f'{" ".join(point)} is there twice')
            into[point] = what

    def errno(self, word):
        if word not in self.errnos:
            self.errnos.add(word)
            self.fault(f'{word} is in no row of errors.txt')

    def row(self, words):
        if len(words) != 8:
            self.fault(f'{len(words)} words, not 8')
            return
        situation, policies, returns, holder, sender, receiver, counters, completion = words
        if returns not in ('length', 'sleeps'):
            self.errno(returns)
        if holder not in HOLDERS:
            self.fault(f'{holder} holds no message')
        for events in sender, receiver:
            if events not in ('-', 'gone') and not set(events.split(',')) <= EVENTS:
                self.fault(f'{events} are no events of poll()')
        for counter in counters.split(','):
            if re.sub(r'\*\d$', '', counter) not in self.counters:
                self.fault(f'no counter {counter}')
        if self.here[0].endswith('-async') != (completion != '-'):
            self.fault(f'completion {completion} of mode {self.here[0]}')
        code, _, reason = completion.partition('/')
        if reason:
            if code != '0':
                self.errno(code)
            if reason not in self.counters:
                self.fault(f'no reason {reason}')
            if ('err' in sender.split(',')) != (sender != 'gone'):
                self.fault('a completion that can be read is POLLERR')
        elif completion not in ('-', 'none', 'gone'):
            self.fault(f'no completion {completion}')
        self.enter(self.rows, policies, situation, words)

    def read(self):
        block = None        # of "cannot occur": (policies, words so far)
        for self.line, line in enumerate(read(TEXT).splitlines(), 1):
            head, cannot = HEAD.match(line), CANNOT.match(line)
            if block and line.startswith('    because '):
                for situation in block[1]:
                    self.enter(self.reasons, block[0], situation, line.split(None, 1)[1])
                block = None
            elif block and line.startswith('    '):
                block[1].extend(line.split())
            elif block:
                self.fault('a list without a reason')
                block = None
            elif head:
                self.here = head.groups()
                if head[1] not in self.modes or head[2] not in self.capacities:
                    self.fault('no such table')
            elif not self.here or not line or line[0] in '- ' or line.startswith('situation '):
                continue
            elif cannot:
                block = (cannot[1], cannot[2].split())
            else:
                self.row(line.split())

    def holes(self):
        self.line = 0
        for mode, capacity, policy, situation in itertools.product(
                self.modes, self.capacities, self.policies, self.situations):
            point = (mode, capacity, policy, situation)
            if point not in self.rows and point not in self.reasons:
                self.fault(f'nothing about {" ".join(point)}')

    def legend(self):
        """Each word that the tables use is explained above them."""
        text = read(TEXT).split('\nmode ' + self.modes[0] + ',')[0]
        words = {part for situation in self.situations
                 for part in re.sub(r'\+', ' +', situation).split()}
        for word in sorted(words):
            word = word if word.startswith('+') or word in self.situations else word + '+'
            if not re.search(r'^  ' + re.escape(word) + r'\s', text, re.M):
                self.fault(f'{word} is not explained')


def main():
    table = Table()
    if not (table.modes and table.policies and table.capacities and table.situations):
        table.fault('no axes in selftests/lib/cells_table.c')
    else:
        table.read()
        table.holes()
        table.legend()
    for fault in table.faults:
        print(fault)
    print(f'{len(table.rows)} cells with a row, {len(table.reasons)} that cannot occur')
    return 1 if table.faults else 0


if __name__ == '__main__':
    sys.exit(main())
