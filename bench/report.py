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
    'names': 'A message to a name',
    'mailboxes': 'A message through a mailbox',
    'receivers': 'A message to one of those that wait',
    'tags': 'The same, each for a tag of its own',
    'links': 'A message over a link',
    'calls': 'A call, while others are outstanding',
    'names_bytes': 'Memory of a name',
    'mailboxes_bytes': 'Memory of a mailbox',
    'links_bytes': 'Memory of a link',
    'calls_bytes': 'Memory of a call',
}
UNSURE = 0.02                   # quartiles farther apart are worth a sign
SCALE = 'dipc'                  # the peer of works whose sizes are numbers
SCALE_LEAST = 100               # what costs are compared with that of
SIZES = {1024: '1 KiB', 4096: '4 KiB', 16384: '16 KiB', 65507: '64 KiB',
         65536: '64 KiB', 262144: '256 KiB', 1048576: '1 MiB'}
COLUMN = {65507: 65536}         # the most that UDP carries


def read(path):
    """The figures: a list of dictionaries with numbers where they are some."""
    figures = []
    with open(path, encoding='ascii') as f:
        for row in csv.DictReader(f):
            if row['cgroup'] == 'cgroup':       # of another run
                continue
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
        self.has_switches = self.work in ('one_way', 'fan_in')
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
            line += f'{size_name(size):>11}  {"":6}'
            line += f'{"":8}' if self.has_switches else ''
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
            return f'{"-":>11}  {"":6}' + (f'{"":8}' if self.has_switches else '')
        sure = ' ' if f['high'] - f['low'] <= UNSURE * f['median'] else '~'
        text = f'{f["median"]:11,.0f}{sure} '
        text += f'{ratio:<6.3f}' if ratio else f'{"":6}'
        if self.has_switches:
            text += f' {f["switches"] or 0:5.2f}sw'
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


def scale_text(figures):
    """Cost and memory by how many there are, as lines of a table."""
    numbers = sorted(set(f['bytes'] for f in figures))
    cell = {(f['work'], f['bytes']): f for f in figures}
    yield (f'By how many there are ({figures[0]["unit"]}, bytes; after a cost: '
           f'how many times that of {SCALE_LEAST})')
    yield f'{"":38}' + ''.join(f'{n:>12,} {"":6}' for n in numbers).rstrip()
    for work in unique(f['work'] for f in figures):
        least = cell.get((work, SCALE_LEAST))
        line = f'{ABOUT.get(work, work):38}'
        for n in numbers:
            f = cell.get((work, n))
            if f and least:
                line += f'{f["median"]:12,.0f} {f["median"] / least["median"]:<6.3f}'
            else:
                line += f'{f["median"]:12,.0f} {"":6}' if f else f'{"-":>12} {"":6}'
        yield line.rstrip()


def scale_draw(figures, path):
    """Costs as lines, times that of the number they are compared with."""
    lines, bars = {}, []
    for work in unique(f['work'] for f in figures):
        points = {f['bytes']: f['median'] for f in figures if f['work'] == work}
        if work.endswith('_bytes'):
            bars.append((work[:-len('_bytes')], points[max(points)], None))
        elif points.get(SCALE_LEAST) and len(points) > 1:
            lines[work] = [(n, value / points[SCALE_LEAST])
                           for n, value in sorted(points.items())]
    if bars and lines:
        path.write_text(plot.figure(
            'Cost of an operation by how many there are, and the memory of each',
            'bytes of each, of the largest number', bars, lines,
            f'that of {SCALE_LEAST}', list(lines), lambda n: f'{n:,}'),
            encoding='utf-8')


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    figures = read(sys.argv[1])
    scale = [f for f in figures if f['peer'] == SCALE]
    peers = [f for f in figures if f['peer'] != SCALE]
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    drawn = set()
    if peers:
        lines += [f'After each figure: how many times that of {AGAINST} it is; '
                  'sw: context switches;', '~: quartiles of several runs are more '
                  f'than {100 * UNSURE:.0f} % apart.', '']
    for t in tables(peers):
        lines += list(t.text()) + ['']
        if t.work not in drawn:         # of the first cgroup
            draw(t, unique(f['peer'] for f in peers), out / f'{t.work}.svg')
            drawn.add(t.work)
    if scale:
        lines += list(scale_text(scale)) + ['']
        scale_draw(scale, out / 'scale.svg')
        drawn.add('scale')
    (out / 'bench.txt').write_text('\n'.join(lines), encoding='utf-8')
    (out / 'bench.json').write_text(json.dumps(figures, indent=1) + '\n',
                                    encoding='utf-8')
    print('\n'.join(lines))
    print(f'In {out}: bench.txt, bench.csv, bench.json, '
          + ', '.join(sorted(f'{w}.svg' for w in drawn)))


if __name__ == '__main__':
    main()
