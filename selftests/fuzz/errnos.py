#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Compares what a fuzzer has met with Documentation/errors.txt.

    errnos.py [--missing] [--list] LOG...

Each LOG is the output of the fuzzer; its lines "count<TAB>call<TAB>errno<TAB>n"
are added up. A pair is a row's calls and its errno: the calls are those that
the row names ("connect():", "a send"), or else those of its section. Said are

- pairs of the documentation that never occurred, but for those in the file
  errnos.txt beside this, which says why (with --missing, that is an error);
- pairs that occurred, and that no row explains: always an error.
"""

import collections
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TABLE = os.path.join(TOP, 'Documentation/errors.txt')
EXCEPTIONS = os.path.join(HERE, 'errnos.txt')

ROW = re.compile(r'^(E-[A-Z]+-\d\d)\s+([A-Z0-9]+)\s+(\S.*)$')

SEND = ['send', 'sendto', 'sendmsg', 'sendmmsg', 'write', 'writev',
        'sendmsg(rights)', 'sendmmsg(rights)', 'sendmsg(call)',
        'sendmmsg(call)', 'splice', 'sendfile', 'DIPC_OP_SEND',
        'io_uring send']
SENDMSG = [call for call in SEND
           if call.startswith(('sendmsg', 'sendmmsg', 'io_uring'))]
RECEIVE = ['recv', 'recvfrom', 'recvmsg', 'recvmmsg', 'read', 'readv',
           'splice', 'DIPC_OP_RECV', 'DIPC_OP_REPLY_RECV',
           'io_uring receive']
OPERATIONS = ['DIPC_OP', 'DIPC_OP_CALL', 'DIPC_OP_CALL_START',
              'DIPC_OP_CALL_FINISH', 'DIPC_OP_CALL_CANCEL', 'DIPC_OP_SEND',
              'DIPC_OP_RECV', 'DIPC_OP_REPLY', 'DIPC_OP_REPLY_RECV',
              'DIPC_OP_READ', 'DIPC_OP_WRITE', 'DIPC_OP_FORWARD',
              'DIPC_OP_DROP']
NETLINK = ['netlink']
FILE = ['lseek', 'pread', 'pwrite', 'mmap']

# What a call is counted as, by the words with which a text names it.
NAMED = {
    'socket()': ['socket'], 'socketpair()': ['socketpair'],
    'bind()': ['bind'], 'connect()': ['connect'], 'listen()': ['listen'],
    'accept()': ['accept', 'accept4'], 'accept4()': ['accept', 'accept4'],
    'shutdown()': ['shutdown'], 'getpeername()': ['getpeername'],
    'getsockname()': ['getsockname'], 'sendto()': ['sendto'] + SENDMSG,
    'sendmsg()': SENDMSG, 'sendmmsg()': SENDMSG, 'send()': SEND,
    'write()': ['write'], 'writev()': ['writev'],
    'setsockopt()': ['setsockopt'], 'getsockopt()': ['getsockopt'],
    'ioctl()': ['ioctl'], 'mmap()': ['mmap'], 'lseek()': ['lseek'],
    'pread()': ['pread'], 'pwrite()': ['pwrite'],
    'recvmsg()': ['recvmsg', 'recvmmsg'], 'recvmmsg()': ['recvmmsg'],
    'readv()': ['readv'], 'recv()': RECEIVE,
}

# Words of a row of the section about links, which has all kinds of calls.
LINKS = [
    (r'\bsend\b', SEND), (r'\breceive\b', RECEIVE), (r'SO_ERROR', ['SOL_SOCKET']),
    (r'FIONREAD', ['ioctl']), (r'DIPC_QUEUE', ['setsockopt']),
    (r'an address is given|A message to', SEND),
]

# Which relatives of a section may meet its errors as well.
ALSO = {
    'E-ADDR': OPERATIONS + ['netlink'],
    'E-SEND': OPERATIONS,
    'E-RECV': OPERATIONS,
    'E-LINK': OPERATIONS,
    'E-CALL': SENDMSG + RECEIVE + ['setsockopt'],
    'E-NONE': ['*'],
}

# Not calls on sockets of dipc, or what these say is not of them.
NOT_OURS = {'of another kind', 'SOL_SOCKET', 'fork', 'kill', 'signal', 'netns',
            'nap', 'close', 'dup', 'fcntl', 'poll', 'epoll_create', 'epoll_ctl',
            'epoll_wait', 'events', 'sysctl', 'netlink, not answered',
            'fsync', 'ftruncate', 'io_uring'}

# Said once for all calls, or by what is in the slot; another thread may put
# something else there after it was looked at.
ANYWHERE = {'0', 'ENOMEM', 'EBADF', 'ENOTSOCK', 'ENOTTY'}
# Said by the ring: it was withdrawn, or it has seen another file than we have.
OF_RING = {'ECANCELED', 'EAFNOSUPPORT'}

Row = collections.namedtuple('Row', 'id errno calls also')


def calls_of_section(title, area):
    """What all rows of a section are about, if they do not say."""
    if area == 'E-CALL':
        return OPERATIONS + ['sendmsg(call)', 'sendmmsg(call)']
    if area == 'E-NL':
        return NETLINK
    if area == 'E-CONN':
        return ['connect']
    if area == 'E-SCM':
        return SENDMSG
    if area == 'E-RECV':
        return RECEIVE
    if area == 'E-SEND':
        return SEND
    calls = []
    for word in re.findall(r'\w+\(\)', title):
        calls += NAMED.get(word, [])
    return calls


def calls_of_row(area, text, section):
    """Those that the row names, or all of its section."""
    calls = []
    if area in ('E-LINK', 'E-NONE', 'E-CONN', 'E-NAME', 'E-SEND', 'E-RECV'):
        # what comes before the first sentence's end; later ones are asides
        head = re.split(r'[.(;]\s', text)[0]
        for word in re.findall(r'\w+\(\)', head):
            calls += NAMED.get(word, [])
    if area == 'E-LINK':
        for pattern, more in LINKS:
            if re.search(pattern, text):
                calls += more
    if area == 'E-CALL' and 'DIPC_RECV_CALLS set' in text:
        return ['setsockopt']
    if area == 'E-NONE' and not calls:
        return ['*']
    return calls or section


def read_table():
    rows, title, area, section = [], '', '', []
    lines = open(TABLE, encoding='utf-8').read().splitlines()
    for i, line in enumerate(lines):
        if re.match(r'^-+$', line):
            title = lines[i - 1]
            area = ''
        match = ROW.match(line)
        if not match:
            continue
        name, code, text = match.groups()
        for more in lines[i + 1:]:
            if not more.startswith(' ') or more.strip().startswith('as:'):
                break
            text += ' ' + more.strip()
        if name.rsplit('-', 1)[0] != area:
            area = name.rsplit('-', 1)[0]
            section = calls_of_section(title, area)
        calls = calls_of_row(area, text, section)
        rows.append(Row(name, code, calls, ALSO.get(area, [])))
    return rows


def read_logs(paths):
    counts = collections.Counter()
    for path in paths:
        for line in open(path, encoding='utf-8', errors='replace'):
            part = line.rstrip('\n').split('\t')
            if len(part) == 4 and part[0] == 'count':
                counts[(part[1], part[2])] += int(part[3])
    return counts


def read_exceptions():
    exceptions = {}
    for line in open(EXCEPTIONS, encoding='utf-8'):
        if line.strip() and not line.startswith('#'):
            name, reason = line.split(None, 1)
            exceptions[name] = reason.strip()
    return exceptions


def is_met(pair, counts):
    calls, code = pair
    return any(n and errno == code and (call in calls or '*' in calls)
               for (call, errno), n in counts.items())


def explains(row, call, errno):
    return row.errno == errno and (call in row.calls or call in row.also or
                                   '*' in row.calls or '*' in row.also)


def pairs_of(rows):
    """(calls, errno) -> the rows that say so"""
    pairs = collections.OrderedDict()
    for row in rows:
        each = [row.calls]
        if row.id.startswith('E-ADDR'):
            # what is wrong with an address is to be met by all who take one
            each = [['bind'], ['connect'], ['sendto'], SENDMSG]
        for calls in each:
            pairs.setdefault((tuple(calls), row.errno), []).append(row)
    return pairs


def main():
    paths = [arg for arg in sys.argv[1:] if not arg.startswith('--')]
    rows = read_table()
    pairs = pairs_of(rows)
    exceptions = read_exceptions()
    if '--list' in sys.argv:
        for (calls, errno), those in pairs.items():
            print(errno, '|'.join(calls), ' '.join(row.id for row in those))
        return 0
    counts = read_logs(paths)
    total = sum(counts.values())
    good = sum(n for (_, errno), n in counts.items() if errno == '0')
    met, missing, excused = 0, [], []
    for (calls, errno), those in pairs.items():
        if is_met((calls, errno), counts):
            met += 1
        elif all(row.id in exceptions for row in those):
            excused.append(those)
        else:
            missing.append((errno, calls, those))
    unknown = [(call, errno, n) for (call, errno), n in sorted(counts.items())
               if call not in NOT_OURS and errno not in ANYWHERE and
               not (call.startswith('io_uring ') and errno in OF_RING) and
               not any(explains(row, call, errno) for row in rows)]

    for errno, calls, those in missing:
        print(f'not met: {errno} of {", ".join(calls[:3])}{", ..." if calls[3:] else ""} '
              f'({" ".join(row.id for row in those)})')
    for those in excused:
        print(f'not met, as said: {" ".join(row.id for row in those)}: '
              f'{exceptions[those[0].id]}')
    for call, errno, n in unknown:
        print(f'no row explains: {call} gave {errno} ({n} times)')
    print(f'{met} of {len(pairs)} pairs (call, errno) met, {len(excused)} '
          f'cannot be; {total} operations, '
          f'{100 * good / total if total else 0:.1f} % good')
    return 1 if unknown or (missing and '--missing' in sys.argv) else 0


if __name__ == '__main__':
    sys.exit(main())
