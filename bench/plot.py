# SPDX-License-Identifier: GPL-2.0
"""Plots as SVG, written by hand: bars of one size, lines by size.

figure() is all that is for others.
"""
import html
import math

FONT = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif"'
INK, PALE, GRID = '#222222', '#777777', '#dddddd'
# Who belongs together has one hue.
HUES = {
    'dipc': ('#0b5fa5', '#2f86d0', '#5aa9e6', '#0d3b66', '#7cc0f2', '#1b998b',
             '#4fb8ac'),
    'unix': ('#d95f02', '#f0932b', '#b84a00', '#f7b267'),
    'tipc': ('#7b2d8b', '#b565c4'),
    '': ('#555555', '#2e7d32', '#8d6e63', '#c2185b', '#9e9d24', '#00838f',
         '#757575'),
}

BAR, GAP, LABEL, BARS_WIDTH = 16, 6, 150, 380
LINES_WIDTH, LINES_HEIGHT, NAMES = 430, 380, 150
MARGIN, TOP = 24, 62


class Svg:
    """Elements, and what they are wrapped in."""

    def __init__(self):
        self.parts = []

    def rect(self, x, y, w, h, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" '
                          f'height="{h:.1f}" fill="{fill}"/>')

    def line(self, x1, y1, x2, y2, stroke, width=1.0):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}" stroke="{stroke}" '
                          f'stroke-width="{width}"/>')

    def path(self, points, stroke, width):
        where = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        self.parts.append(f'<polyline points="{where}" fill="none" '
                          f'stroke="{stroke}" stroke-width="{width}" '
                          f'stroke-linejoin="round"/>')
        for x, y in points:
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" '
                              f'fill="{stroke}"/>')

    def text(self, x, y, text, size=11, fill=INK, anchor='start', bold=False):
        weight = ' font-weight="bold"' if bold else ''
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
                          f'fill="{fill}" text-anchor="{anchor}"{weight} {FONT}>'
                          f'{html.escape(text)}</text>')

    def done(self, width, height):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
                f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">')
        ground = f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
        return '\n'.join([head, ground, *self.parts, '</svg>', ''])


def colours(names):
    """One for each, by the family that its name begins with."""
    used, chosen = {}, {}
    for name in names:
        family = name.split('_')[0]
        family = family if family in HUES else ''
        hue = HUES[family]
        chosen[name] = hue[used.get(family, 0) % len(hue)]
        used[family] = used.get(family, 0) + 1
    return chosen


def draw_bars(svg, bars, colour, x, y):
    """Shortest first. Returns the height."""
    most = max(value for _, value, _ in bars) or 1
    for name, value, ratio in sorted(bars, key=lambda b: b[1]):
        svg.text(x + LABEL - 8, y + BAR - 4, name, anchor='end',
                 bold=name.startswith('dipc'))
        svg.rect(x + LABEL, y, max(1, BARS_WIDTH * value / most), BAR,
                 colour[name])
        label = f'{value:,.0f}' + (f'  ×{ratio:.2f}' if ratio else '')
        svg.text(x + LABEL + BARS_WIDTH * value / most + 6, y + BAR - 4, label,
                 size=10)
        y += BAR + GAP
    return len(bars) * (BAR + GAP)


def spread(wanted, room, top, bottom):
    """Places for labels, in order, at least room apart and near to theirs."""
    order = sorted(wanted, key=wanted.get)
    at = {}
    last = top - room
    for name in order:
        last = at[name] = max(wanted[name], last + room)
    last = bottom + room
    for name in reversed(order):
        last = at[name] = min(at[name], last - room)
    return at


def draw_lines(svg, lines, colour, against, size_name, x, y):
    """Ratios by size: both axes logarithmic, 1 is the one compared with."""
    sizes = sorted({s for points in lines.values() for s, _ in points})
    ratios = [r for points in lines.values() for _, r in points] + [1]
    low, high = math.log2(min(ratios)), math.log2(max(ratios))
    low, high = math.floor(2 * low) / 2, max(math.ceil(2 * high) / 2, low + 1)

    def at_x(size):
        span = math.log2(sizes[-1] / sizes[0]) or 1
        return x + LINES_WIDTH * math.log2(size / sizes[0]) / span

    def at_y(ratio):
        return y + LINES_HEIGHT * (high - math.log2(ratio)) / (high - low)

    for half in range(int(2 * low), int(2 * high) + 1):
        ratio = 2 ** (half / 2)
        is_one = half == 0
        svg.line(x, at_y(ratio), x + LINES_WIDTH, at_y(ratio),
                 PALE if is_one else GRID, 1.4 if is_one else 1)
        svg.text(x - 6, at_y(ratio) + 4, f'{ratio:.2g}', size=10, fill=PALE,
                 anchor='end')
    for size in sizes:
        svg.line(at_x(size), y, at_x(size), y + LINES_HEIGHT, GRID)
        svg.text(at_x(size), y + LINES_HEIGHT + 16, size_name(size), size=10,
                 fill=PALE, anchor='middle')
    ends = {}
    for name, points in lines.items():
        svg.path([(at_x(s), at_y(r)) for s, r in points], colour[name],
                 2.4 if name.startswith('dipc') else 1.3)
        ends[name] = at_y(points[-1][1])
    for name, place in spread(ends, 13, y + 6, y + LINES_HEIGHT).items():
        end = lines[name][-1]
        svg.line(at_x(end[0]) + 3, at_y(end[1]), x + LINES_WIDTH + 10, place,
                 colour[name], 0.6)
        svg.text(x + LINES_WIDTH + 13, place + 4, name, size=10,
                 fill=colour[name], bold=name.startswith('dipc'))
    svg.text(x, y - 10, f'times {against}', fill=PALE)


def figure(title, unit, bars, lines, against, names, size_name):
    """The text of an SVG.

    bars: (name, value, ratio or None); lines: name: [(size, ratio)], or empty;
    names: of all that are in any plot, so that each has its colour.
    """
    svg = Svg()
    colour = colours(names)
    svg.text(MARGIN, 26, title, size=16, bold=True)
    svg.text(MARGIN, TOP - 14, f'{unit}; × {against}' if any(
        b[2] for b in bars) else unit, fill=PALE)
    height = draw_bars(svg, bars, colour, MARGIN, TOP)
    width = MARGIN + LABEL + BARS_WIDTH + 100
    if lines:
        draw_lines(svg, lines, colour, against, size_name, width + 40, TOP + 4)
        width += 40 + LINES_WIDTH + NAMES
        height = max(height, LINES_HEIGHT + 24)
    return svg.done(width + MARGIN / 2, TOP + height + MARGIN)
