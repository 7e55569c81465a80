#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Checks the kernel-doc of kmod/ and uapi/: that the kernel's own script has
no complaint, and that each global function of kmod/*.c has a comment with a
Context: and, unless it returns nothing, a Return: section.
"""

import glob
import os
import re
import subprocess
import sys

TOP = os.environ.get('DIPC_TOP') or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# A definition at the left margin whose name, as the style has it, says that
# it is global. Macros and declarations do not match.
FUNCTION = re.compile(r'^(?P<type>(?!static\b|typedef\b|return\b|else\b|#)[A-Za-z_][\w \t*]*?[ \t*\n])'
                      r'(?P<name>\w+)\((?P<args>[^;{}]*)\)\s*(?:__\w+(?:\([^)]*\))?\s*)*\n\{', re.M)


def kernel_doc():
    script = os.path.join(os.environ['KDIR_CHECK'], 'scripts/kernel-doc')
    names = glob.glob(f'{TOP}/kmod/*.[ch]') + glob.glob(f'{TOP}/uapi/linux/*.h')
    run = subprocess.run(['perl', script, '-none', '-Werror', *sorted(names)],
                         capture_output=True, text=True)
    said = [line.replace(TOP + '/', '') for line in run.stderr.splitlines()
            if re.search(r'warning:|error:', line, re.I)]
    if run.returncode and not said:
        said = [run.stderr.strip() or f'kernel-doc ended with {run.returncode}']
    return said


def functions(path):
    with open(path, encoding='utf-8') as f:
        text = f.read()
    short = os.path.relpath(path, TOP)
    for m in FUNCTION.finditer(text):
        if m['name'] in ('module_init', 'module_exit') or m['name'].isupper():
            continue
        where = f"{short}:{text.count(chr(10), 0, m.start('name')) + 1}: {m['name']}()"
        before = text[:m.start()].rstrip()
        doc = None
        if before.endswith('*/'):
            start = before.rfind('/**')
            if start >= 0 and '*/' not in before[start:-2]:
                doc = before[start:]
        if doc is None:
            yield f'{where}: no kernel-doc comment'
            continue
        if not re.search(rf'^ \* {m["name"]}\(\)', doc, re.M):
            yield f'{where}: its comment does not begin with its name'
        if not re.search(r'^ \* Context:', doc, re.M):
            yield f'{where}: no Context: section'
        plain = re.sub(r'\b(__\w+|inline|noinline|asmlinkage|notrace)\b', '', m['type']).split()
        if plain != ['void'] and not re.search(r'^ \* Return:', doc, re.M):
            yield f'{where}: no Return: section'


def main():
    bad = kernel_doc()
    sources = sorted(glob.glob(f'{TOP}/kmod/*.c'))
    for path in sources:
        bad += functions(path)
    for line in bad:
        print(line)
    print(f'{len(sources)} files, {len(bad)} complaints')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
