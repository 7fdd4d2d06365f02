#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""new_protocol_test.py ROOT LIBRARY... -- COMPILER...: scripts/new-protocol in a copy of the tree. What it makes must compile
and pass its test (linked with the libraries of this build), change one word elsewhere, and refuse names that can't be used."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
cut = sys.argv.index('--')
libraries, compiler = sys.argv[2:cut], sys.argv[cut + 1:]
mistakes = []


def expect(condition, sentence):
    if not condition:
        mistakes.append(sentence)


def run(*arguments):
    return subprocess.run([sys.executable, root / 'scripts/new-protocol', '--root', copy, *arguments], capture_output=True,
                          text=True)


with tempfile.TemporaryDirectory() as folder:
    copy = pathlib.Path(folder) / 'copy'
    registry = copy / 'src/protocols/meson.build'
    for part in ('src/base', 'src/event', 'src/protocols', 'tests/protocols', 'tests/support'):
        shutil.copytree(root / part, copy / part)
    before = registry.read_text()

    for bad in ('Cmpp', '1st', 'a', 'a-b', '../up', 'int', 'wire', 'base', 'dns', 'two__bars', ''):
        expect(run(bad).returncode == 2, f"the name '{bad}' is refused with exit code 2")
    expect(run('fine', '--port', '70000').returncode == 2, 'a port out of range is refused')
    expect(registry.read_text() == before, 'a refusal changes nothing')

    made = run('sample_protocol', '--port', '7890')
    expect(made.returncode == 0, f'a good name is taken: {made.stderr}')
    after = registry.read_text()
    expect(after.replace(", 'sample_protocol'", '', 1) == before, 'exactly one word is added to protocol_names')
    expect(run('sample_protocol').returncode == 2, 'an existing name is refused')

    if not mistakes:
        source = copy / 'src/protocols/sample_protocol/sample_protocol.cc'
        test = copy / 'tests/protocols/sample_protocol/sample_protocol_test.cc'
        program = pathlib.Path(folder) / 'sample_test'
        built = subprocess.run([*compiler, '-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion',
                                '-Wsign-conversion', '-Wold-style-cast', '-Werror', '-I', copy / 'src', '-I', copy / 'tests',
                                source, test, *libraries, '-lgtest_main', '-lgtest', '-lpthread', '-o', program],
                               capture_output=True, text=True)
        expect(built.returncode == 0, f'what is made compiles without a warning:\n{built.stderr}')
        if built.returncode == 0:
            ran = subprocess.run([program], capture_output=True, text=True)
            expect(ran.returncode == 0, f'what is made passes its test:\n{ran.stdout}{ran.stderr}')

print('\n'.join(f'not true: {sentence}' for sentence in mistakes) or 'new-protocol does what it says')
sys.exit(1 if mistakes else 0)
