#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""report.py FILE.csv DIRECTORY: what dipc-bench --csv has told, as tables with
ratios (printed, and in bench.txt), as JSON (bench.json) and as plots (*.svg).

It needs nothing but Python's own library.
"""
import csv
import json
import pathlib
import sys

import plot

AGAINST = 'unix_seqpacket'      # what ratios are to, where it was measured
ABOUT = {
    'round_trip': 'Round trip: a message there, one of the same length back',
    'send': 'Send alone: sixteen, before anyone receives',
    'recv': 'Receive alone: the sixteen that were sent',
    'one_way': 'One way, as the scheduler has it',
    'fan_in': 'Fan-in: eight senders, one receiver; a message',
    'fan_out': 'Fan-out: one message to each of eight receivers',
    'make_end': 'Make and destroy an unconnected endpoint',
    'make_link': 'Make and destroy two endpoints, connected',
    'end_bytes': 'Kernel memory of an idle endpoint',
    'message_bytes': 'Kernel memory of a queued message',
}
SIZES = {1024: '1 KiB', 4096: '4 KiB', 16384: '16 KiB', 65507: '64 KiB',
         65536: '64 KiB', 262144: '256 KiB', 1048576: '1 MiB'}
COLUMN = {65507: 65536}         # the most that UDP carries


def read(path):
    """The figures: a list of dictionaries with numbers where they are some."""
    figures = []
    with open(path, encoding='ascii') as f:
        for row in csv.DictReader(f):
            for key in ('median', 'low', 'high'):
                row[key] = float(row[key])
            for key in ('bytes', 'rounds', 'runs'):
                row[key] = int(row[key])
            row['switches'] = float(row['switches']) if row['switches'] else None
            figures.append(row)
    return figures


def unique(values):
    return list(dict.fromkeys(values))


def size_name(n):
    return SIZES.get(n, f'{n} B')


class Table:
    """The figures of one work in one cgroup, by peer and size."""

    def __init__(self, figures):
        self.unit = figures[0]['unit']
        self.work = figures[0]['work']
        self.cgroup = figures[0]['cgroup']
        self.peers = unique(f['peer'] for f in figures)
        self.sizes = sorted(set(COLUMN.get(f['bytes'], f['bytes'])
                                for f in figures))
        self.cell = {(f['peer'], COLUMN.get(f['bytes'], f['bytes'])): f
                     for f in figures}

    def value(self, peer, size):
        f = self.cell.get((peer, size))
        return f['median'] if f else None

    def ratio(self, peer, size):
        """To the peer that all are compared with, or None."""
        mine, other = self.value(peer, size), self.value(AGAINST, size)
        return mine / other if mine is not None and other else None

    def text(self):
        yield f'{ABOUT.get(self.work, self.work)} ({self.unit}; cgroup: {self.cgroup})'
        line = f'{"":20}'
        for size in self.sizes:
            line += f'{size_name(size) if len(self.sizes) > 1 else "":>12} {"":6}'
        if len(self.sizes) > 1:
            yield line.rstrip()
        for peer in self.peers:
            line = f'{peer:20}'
            for size in self.sizes:
                line += self.text_of(peer, size)
            yield line.rstrip()

    def text_of(self, peer, size):
        f, ratio = self.cell.get((peer, size)), self.ratio(peer, size)
        if not f:
            return f'{"-":>12} {"":6}'
        text = f'{f["median"]:12,.0f} ' + (f'{ratio:<6.3f}' if ratio else f'{"":6}')
        if f['runs'] > 1:
            text += f' {f["low"]:,.0f}..{f["high"]:,.0f}'
        if f['switches'] is not None and self.work != 'round_trip':
            text += f' {f["switches"]:.2f}sw'
        return text


def tables(figures):
    for cgroup in unique(f['cgroup'] for f in figures):
        for work in unique(f['work'] for f in figures):
            some = [f for f in figures
                    if f['cgroup'] == cgroup and f['work'] == work]
            if some:
                yield Table(some)


def draw(table, names, path):
    """The smallest usual size as bars; ratios by size as lines."""
    size = 64 if 64 in table.sizes else table.sizes[0]
    title = ABOUT.get(table.work, table.work)
    bars = [(p, table.value(p, size), table.ratio(p, size))
            for p in table.peers if table.value(p, size) is not None]
    unit = table.unit + (f', {size_name(size)}' if len(table.sizes) > 1 else '')
    lines = {}
    if len(table.sizes) > 1:
        for p in table.peers:
            points = [(s, table.ratio(p, s)) for s in table.sizes
                      if table.ratio(p, s)]
            if len(points) > 1:
                lines[p] = points
    path.write_text(plot.figure(title, unit, bars, lines, AGAINST, names,
                                size_name),
                    encoding='utf-8')


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    figures = read(sys.argv[1])
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    lines = [f'After each figure: how many times that of {AGAINST} it is; '
             'sw: context switches.', '']
    drawn = set()
    for t in tables(figures):
        lines += list(t.text()) + ['']
        if t.work not in drawn:         # of the first cgroup
            draw(t, unique(f['peer'] for f in figures),
                 out / f'{t.work}.svg')
            drawn.add(t.work)
    (out / 'bench.txt').write_text('\n'.join(lines), encoding='utf-8')
    (out / 'bench.json').write_text(json.dumps(figures, indent=1) + '\n',
                                    encoding='utf-8')
    print('\n'.join(lines))
    print(f'In {out}: bench.txt, bench.csv, bench.json, '
          + ', '.join(sorted(f'{w}.svg' for w in drawn)))


if __name__ == '__main__':
    main()
