# SPDX-License-Identifier: Apache-2.0
"""The benchmarks compile, without a warning. No test runs them, and scripts/build-release makes its counts with them: what moved under them would
be noticed by whoever builds a release.

    perf_compiles_test.py BUILD_DIR
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import unittest

BUILD = pathlib.Path(sys.argv.pop()).resolve()
PERF = pathlib.Path(__file__).resolve().parent.parent.parent / 'perf'


def commands():
    """By source, as the build would compile it; one that belongs to several programs counts once."""
    found = {}
    for one in json.loads((BUILD / 'compile_commands.json').read_text(encoding='utf-8')):
        source = (BUILD / one['file']).resolve()
        if source.is_relative_to(PERF):
            found[source] = one['command']
    return found


def complaints(command):
    words = shlex.split(command)
    at = words.index('-o')
    run = subprocess.run(words[:at] + words[at + 2:] + ['-fsyntax-only', '-Werror', '-fdiagnostics-color=never'],
                         cwd=BUILD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return '' if run.returncode == 0 else run.stdout or f'ended with {run.returncode}'


class PerfCompiles(unittest.TestCase):
    def test_no_source_is_left_out(self):
        self.assertEqual(set(commands()), set(PERF.rglob('*.cc')))

    def test_all_compile(self):
        known = commands()
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            told = dict(zip(known, pool.map(complaints, known.values())))
        wrong = [f'{source.relative_to(PERF.parent)}:\n{text}' for source, text in told.items() if text]
        self.assertEqual(wrong, [], '\n'.join(wrong))


if __name__ == '__main__':
    unittest.main()
