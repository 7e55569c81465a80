#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""report.py: judge and show the stream that scripts/vm/suites.c writes.

Reads the stream on standard input as it comes, and the plan (what was to be
run) from a file. Everything that was not plainly said to have passed counts
as failed: "not ok", a plan that is missing or not kept, numbers out of order,
a skip without a reason, an exit status that contradicts, a signal, a time-out,
processes left behind, a splat or a new taint in the kernel, memory that the
module leaked, a suite that was to be run and was not. Writes "PASSED FAILED SKIPPED" to the counts file.
Exit status: 0 nothing failed, 1 something did, 3 the guest went silent.
"""

import argparse
import os
import re
import select
import sys

SPLAT = re.compile(
    r'\bBUG\b:?|\bWARNING:|------------\[ cut here|\bOops\b|Call Trace:|Kernel panic'
    r'|general protection fault|KASAN|KCSAN|KFENCE|UBSAN|KMSAN|ODEBUG|kmemleak'
    r'|\bINFO: |detected stalls?|self-detected stall|soft lockup|hard LOCKUP'
    r'|possible recursive locking|circular locking|suspicious RCU|sleeping function called'
    r'|inconsistent lock state|scheduling while atomic|refcount_t:|list_(add|del) corruption'
    r'|Objects remaining|still has objects|unregister_netdevice: waiting'
    r'|memory leak|leaked|bad page|Bad rss-counter|usercopy: Kernel memory', re.I)
OOM_BEGINS = re.compile(r'invoked oom-killer')
OOM_ENDS = re.compile(r'out of memory: Killed process', re.I)
# A backtrace through the module, or through code that is gone with it.
LEAK_BEGINS = re.compile(r'^unreferenced object')
LEAK_IS_OURS = re.compile(r'\[dipc(_faulty)?\]|\[<[0-9a-f]+>\] 0x[0-9a-f]+')
# The name of a slab cache whose place in sysfs could not be made: 6.1 forgets it
# (sysfs_slab_add()). Only failing allocations bring that about (fault_module).
LEAK_IS_THE_KERNELS = re.compile(
    r'kobject_set_name_vargs\+.*kobject_init_and_add\+.*sysfs_slab_add\+', re.S)
RACE_EDGE = re.compile(r'^=+$')
RACE_BEGINS = re.compile(r'^BUG: KCSAN')
RACE_IS_OURS = re.compile(r'\[dipc')
OUT_OF_TREE_UNSIGNED = 1 << 12 | 1 << 13

RESULT = re.compile(r'^(?P<not>not )?ok\b(?: +(?P<num>\d+))?(?: +-)?(?P<rest>.*)$')
DIRECTIVE = re.compile(r'#\s*(?P<word>SKIP|XFAIL|TODO|TIMEOUT|ERROR)\b:?\s*(?P<why>.*)$', re.I)
PLAN = re.compile(r'^1\.\.(?P<n>\d+)(?P<rest>.*)$')
NOISE = re.compile(r'^#\s+(RUN|OK)\s|^# (Totals|Starting|PASSED|FAILED)\b')
# What kmemleak counts comes as @leak, by which it is judged.
NOT_NEWS = re.compile(r'^check: suite \S+ begins$|^kmemleak: \d+ new suspected memory leaks')
VERSION = re.compile(r'^K?TAP version \d+')


def is_ours(leak):
    return LEAK_IS_OURS.search(leak) and not LEAK_IS_THE_KERNELS.search(leak)


class Races:
    """KCSAN's reports, held back until it is known whose they are.

    The core of the network is watched, too, and has races of its own.
    """

    def __init__(self):
        self.edge = None            # what may be the first line of a report
        self.held = None            # a report that has begun

    def lines(self, priority, text):
        """What is to be judged now: this line, a whole report, or nothing."""
        line = (priority, text)
        if self.held is not None:
            self.held.append(line)
            return self.rest() if RACE_EDGE.match(text) else []
        if RACE_EDGE.match(text):
            self.edge = line
            return []
        if self.edge and RACE_BEGINS.match(text):
            self.held, self.edge = [self.edge, line], None
            return []
        return self.rest() + [line]

    def rest(self):
        """What was held back, if it is ours or nobody can tell."""
        lines = self.held or ([self.edge] if self.edge else [])
        whole = len(lines) > 2 and RACE_EDGE.match(lines[-1][1])
        self.held = self.edge = None
        if whole and not any(RACE_IS_OURS.search(text) for _, text in lines):
            return []
        return lines


class Level:
    """One level of (nested) KTAP: its plan and how far it has come."""

    def __init__(self):
        self.plan = None
        self.seen = 0
        self.passed = self.failed = self.skipped = 0

    def leaves(self):
        return self.passed + self.failed + self.skipped


class Suite:
    """One suite: fed line by line, it knows at the end what passed."""

    def __init__(self, name, show, allow=None, oom=False):
        self.name = name
        self.show = show
        self.allow = re.compile(allow) if allow else None
        self.oom = oom
        self.in_oom = False
        self.levels = {}
        self.passed = self.failed = self.skipped = 0
        self.notes = []             # what it printed since the last result
        self.races = Races()
        self.splat = []             # the kernel's words around a splat
        self.leaks = []             # objects, each a list of lines
        self.whole_skipped = False

    # results

    def add(self, verdict, text, why=''):
        if verdict == 'ok':
            self.passed += 1
            self.show.result('ok', self.name, text)
        elif verdict == 'skip':
            self.skipped += 1
            self.show.result('skip', self.name, text, why)
        else:
            self.failed += 1
            self.show.result('FAIL', self.name, text, why, self.notes)
        self.notes = []

    # KTAP

    def line(self, text):
        self.show.raw(text)
        body = text.lstrip(' \t')
        depth = len(text) - len(body)
        plan = PLAN.match(body)
        result = RESULT.match(body)
        if VERSION.match(body):
            self.close_above(depth)
            self.levels.setdefault(depth, Level())
        elif plan:
            self.see_plan(depth, int(plan['n']), plan['rest'])
        elif result:
            self.see_result(depth, result)
        elif body.startswith('Bail out!'):
            self.add('fail', 'bailed out', body[9:].strip())
        elif body and not NOISE.match(body):
            self.notes.append(text)
            del self.notes[:-60]

    def see_plan(self, depth, count, rest):
        self.close_above(depth)
        level = self.levels.setdefault(depth, Level())
        if level.plan is not None:
            self.add('fail', 'plan', 'given twice')
        level.plan = count
        if count == 0:
            directive = DIRECTIVE.search(rest)
            if directive and directive['word'].upper() == 'SKIP' and directive['why'].strip():
                self.add('skip', 'all', directive['why'])
                level.skipped += 1
                self.whole_skipped = depth == 0
            else:
                self.add('fail', 'all', 'a plan of no tests, and no reason for it')
                level.failed += 1

    def see_result(self, depth, match):
        inner = self.close_above(depth)
        level = self.levels.setdefault(depth, Level())
        level.seen += 1
        rest = match['rest'].strip()
        directive = DIRECTIVE.search(rest)
        name = (rest[:directive.start()] if directive else rest).strip() or f'test {level.seen}'
        word = directive['word'].upper() if directive else ''
        why = directive['why'].strip().strip('#').strip() if directive else ''
        bad = bool(match['not'])
        if match['num'] is None or int(match['num']) != level.seen:
            self.add('fail', name, f"numbered {match['num']}, and it is number {level.seen}")
            level.failed += 1
        if inner and inner.leaves() and not (bad and not inner.failed):
            # Its parts have been counted, one by one.
            level.passed += inner.passed
            level.failed += inner.failed
            level.skipped += inner.skipped
            if inner.failed and not bad:
                self.add('fail', name, 'said to be ok, but a part of it failed')
                level.failed += 1
            return
        if bad:
            self.add('fail', name, why)
            level.failed += 1
        elif word in ('SKIP', 'XFAIL') and why:
            self.add('skip', name, why if word == 'SKIP' else f'expected to fail: {why}')
            level.skipped += 1
        elif word in ('SKIP', 'XFAIL'):
            self.add('fail', name, f'{word} without a reason')
            level.failed += 1
        elif word in ('TIMEOUT', 'ERROR'):
            self.add('fail', name, f'{word} {why}')
            level.failed += 1
        else:
            self.add('ok', name)
            level.passed += 1

    def close_above(self, depth):
        """End the levels that are nested deeper than this one."""
        inner = None
        for d in sorted((d for d in self.levels if d > depth), reverse=True):
            inner = self.levels.pop(d)
            self.check_plan(inner, 'nested ')
        return inner

    def check_plan(self, level, what):
        if level.plan is None:
            self.add('fail', f'{what}plan', f'missing, after {level.seen} results')
            level.failed += 1
        elif level.plan != level.seen and not (level.plan == 0 and level.seen == 0):
            self.add('fail', f'{what}plan', f'{level.plan} were planned, {level.seen} came')
            level.failed += 1

    # the kernel's words

    def kmsg(self, priority, text):
        self.show.raw(f'[kernel] {text}')
        for line in self.races.lines(priority, text):
            self.judge_kmsg(*line)

    def judge_kmsg(self, priority, text):
        if self.oom and OOM_BEGINS.search(text):
            self.in_oom = True
        if self.in_oom:
            if OOM_ENDS.search(text):
                self.in_oom = False
            return
        if NOT_NEWS.match(text) or self.allow and self.allow.search(text):
            return
        if SPLAT.search(text) or priority <= 2:
            self.splat.append(text)
        elif self.splat and len(self.splat) < 40:
            self.splat.append(text)     # what follows explains it

    def leak(self, text):
        self.show.raw(f'[kmemleak] {text}')
        if LEAK_BEGINS.match(text) or not self.leaks:
            self.leaks.append([])
        self.leaks[-1].append(text)

    # the end

    def end(self, how, number, taint, left=False, lost=False):
        for line in self.races.rest():
            self.judge_kmsg(*line)
        top = self.levels.get(0)
        self.close_above(0)
        failed_before = self.failed
        if how == 'timeout':
            self.add('fail', 'time limit', f'it did not end within {number} s')
        elif how == 'signal':
            self.add('fail', 'exit', f'killed by signal {number}')
        elif how == 'lost':
            self.add('fail', 'exit', number or 'the guest ended before it did')
        if top is None:
            # A program that skips itself before it has printed anything.
            if how == 'exit':
                self.add('fail', 'output', f'no KTAP, exit status {number}')
        else:
            self.check_plan(top, '')
            if how == 'exit' and number and not failed_before and \
               not (number == 4 and (self.whole_skipped or not self.passed)):
                self.add('fail', 'exit', f'all ok, but exit status {number}')
        if left:
            self.add('fail', 'processes', 'it left some running')
        if lost:
            self.add('fail', 'kernel log', 'more was said than the buffer holds')
        if self.splat:
            self.notes = ['[kernel] ' + s for s in self.splat]
            self.add('fail', 'kernel log', 'a splat')
        ours = [obj for obj in self.leaks if is_ours('\n'.join(obj))]
        if ours:
            self.notes = ['[kmemleak] ' + s for obj in ours[:4] for s in obj]
            self.add('fail', 'memory', f'{len(ours)} objects leaked')
        taint &= ~OUT_OF_TREE_UNSIGNED
        if taint:
            self.add('fail', 'kernel log', f'the kernel is newly tainted ({taint:#x})')


class Terminal:
    """What the user sees."""

    def __init__(self, verbose, log):
        self.verbose = verbose
        self.log = log
        self.colour = sys.stdout.isatty() and 'NO_COLOR' not in os.environ
        self.failures = []

    def paint(self, code, text):
        return f'\033[{code}m{text}\033[0m' if self.colour else text

    def out(self, text):
        print(text, flush=True)

    def raw(self, text):
        if self.log:
            self.log.write(text + '\n')
            self.log.flush()
        if self.verbose:
            self.out('      ' + text)

    def result(self, verdict, suite, name, why='', notes=()):
        why = f' ({why})' if why else ''
        if verdict == 'FAIL':
            self.failures.append(f'{suite}: {name}{why}')
            if not self.verbose:
                for note in notes:
                    self.out('        ' + note)
        code = {'ok': 32, 'skip': 33, 'FAIL': 31}[verdict]
        self.out(f'  {self.paint(code, f"{verdict:4}")}  {suite}: {name}{why}')

    def suite_ends(self, suite, seconds):
        counts = f'{suite.passed} passed, {suite.failed} failed'
        if suite.skipped:
            counts += f', {suite.skipped} skipped'
        self.out(self.paint(1, f'{suite.name}: {counts} ({seconds:.1f} s)'))


def read_plan(path):
    """Lines: NAME SECONDS PATH [oom] [allow=REGEX]."""
    plan = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            name, seconds, _path, *rest = line.rstrip('\n').split(' ', 3)
            opts = rest[0] if rest else ''
            allow = re.search(r'allow=(.*)$', opts)
            plan[name] = dict(seconds=int(seconds), oom=bool(re.match(r'oom\b', opts)),
                              allow=allow.group(1) if allow else None)
    return plan


def lines(stall):
    """Lines of standard input; None when nothing came for stall() seconds."""
    fd = sys.stdin.fileno()
    rest = b''
    while True:
        ready, _, _ = select.select([fd], [], [], stall())
        if not ready:
            yield None
            return
        data = os.read(fd, 1 << 16)
        if not data:
            break
        *whole, rest = (rest + data).split(b'\n')
        for line in whole:
            yield line.decode('utf-8', 'backslashreplace')
    if rest:
        yield rest.decode('utf-8', 'backslashreplace')


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--plan', required=True)
    p.add_argument('--counts', required=True)
    p.add_argument('--log')
    p.add_argument('--verbose', action='store_true')
    p.add_argument('--no-module', action='store_true', help='no load and unload are expected')
    p.add_argument('--stall', type=float, default=60, help='seconds beyond the limit of a suite')
    args = p.parse_args()

    plan = read_plan(args.plan)
    log = open(args.log, 'w', encoding='utf-8') if args.log else None
    show = Terminal(args.verbose, log)
    expected = list(plan) if args.no_module else ['load', *plan, 'unload']
    ran, done, silent, suite = [], False, False, None
    limit = 300                 # until the guest is there
    left = lost = False
    total = [0, 0, 0]

    def finish(seconds):
        total[0] += suite.passed
        total[1] += suite.failed
        total[2] += suite.skipped
        show.suite_ends(suite, seconds)

    for line in lines(lambda: limit + args.stall):
        if line is None:
            silent = True
            break
        if line.startswith(' '):
            if suite:
                suite.line(line[1:].rstrip('\r'))
            continue
        word, _, rest = line.partition(' ')
        if word == '@begin':
            name, seconds = rest.split()
            opts = plan.get(name, {})
            suite = Suite(name, show, opts.get('allow'), opts.get('oom', False))
            ran.append(name)
            limit = int(seconds)
            left = lost = False
            show.raw(f'==== {name}')
        elif word == '@kmsg' and suite:
            priority, _, text = rest.partition(' ')
            suite.kmsg(int(priority), text)
        elif word == '@leak' and suite:
            suite.leak(rest)
        elif word == '@kmsglost':
            lost = True
        elif word == '@left':
            left = True
        elif word == '@end' and suite:
            _, how, number, ms, taint = rest.split()
            suite.end(how, int(number), int(taint, 16), left, lost)
            finish(int(ms) / 1000)
            suite, limit = None, 60
        elif word == '@done':
            done = True
        else:
            show.out('  ' + line)       # the guest's shell or the runner itself

    if suite:
        suite.end('lost', 'the guest went silent' if silent else None, 0)
        finish(0)
    for name in expected:
        if name not in ran:
            total[1] += 1
            show.result('FAIL', name, 'the whole suite',
                        'the guest went silent' if silent else 'it was not run')
    if not done and all(name in ran for name in expected):
        total[1] += 1
        show.result('FAIL', 'guest', 'end', 'it went silent' if silent else 'it ended early')
    if show.failures:
        show.out('\nWhat failed:')
        for failure in show.failures:
            show.out('  ' + failure)
    with open(args.counts, 'w', encoding='utf-8') as f:
        f.write('{} {} {}\n'.format(*total))
    return 3 if silent else 1 if total[1] or not total[0] else 0


if __name__ == '__main__':
    sys.exit(main())
