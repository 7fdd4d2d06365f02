# SPDX-License-Identifier: Apache-2.0
"""scripts/lib/demo.py as a newcomer runs it, and the feeder of its traffic. Usage: demo_test.py BUILD_DIR"""
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIB = ROOT / 'scripts' / 'lib'
BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''


class Running:
    """A process whose lines are kept with the time at which each came."""

    def __init__(self, *command, **environment):
        self.begin = time.monotonic()
        env = {**os.environ, 'LANG': 'C.UTF-8', **environment}
        env.pop('LC_ALL', None)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT)
        self.lines = []
        self.errors = ''
        self.threads = [threading.Thread(target=self.read_lines), threading.Thread(target=self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read_lines(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic() - self.begin, line.rstrip('\n')))

    def read_errors(self):
        self.errors = self.process.stderr.read()

    def wait_for(self, words, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for at, line in list(self.lines):
                if words in line:
                    return at, line
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError('no "%s" in:\n%s\n%s' % (words, self.text(), self.errors))

    def text(self):
        return '\n'.join(line for _, line in self.lines)

    def end(self, seconds=60):
        code = self.process.wait(seconds)
        for thread in self.threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, time.monotonic() - self.begin

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.end()


class Demo(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory(prefix='telefence-demo-test-')
        self.addCleanup(self.holder.cleanup)

    def begin(self, *arguments, **environment):
        demo = Running(sys.executable, '-B', str(LIB / 'demo.py'), BUILD, *arguments, TMPDIR=self.holder.name, **environment)
        self.addCleanup(demo.kill)
        return demo

    def child_of(self, parent, name):
        for folder in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                of_process, _, rest = (folder / 'stat').read_text().partition(') ')
            except OSError:
                continue
            if of_process.endswith('(' + name) and int(rest.split()[1]) == parent:
                return int(folder.name)
        raise AssertionError('process %d has no child %s' % (parent, name))

    def assert_nothing_is_left(self):
        self.assertEqual(os.listdir(self.holder.name), [])

    def test_three_blocks_bite_while_traffic_runs(self):
        demo = self.begin('--seconds', '20')
        first, _ = demo.wait_for('inspected')
        print('first table after %.2f s' % first, flush=True)
        address = re.search(r'http://\S+/metrics', demo.wait_for('/metrics')[1])[0]
        with urllib.request.urlopen(address, timeout=5) as reply:
            self.assertIn('telefence_packets_total{fate=', reply.read().decode())
        asked = re.search(r'\S+/telefence status --socket \S+', demo.wait_for('--socket')[1])[0]
        status = subprocess.run(shlex.split(asked), capture_output=True, text=True, timeout=20, check=False, cwd=ROOT)
        self.assertEqual(status.returncode, 0, status.stderr)
        code, seconds = demo.end()
        text = demo.text()
        self.assertEqual(code, 0, text + demo.errors)
        self.assertLess(first, 30)
        self.assertLess(seconds, 60)
        self.assertEqual(demo.errors, '')
        summary = text[text.index('In 20 s'):]
        for kind in ('domain', 'number', 'SMS pattern'):
            bite = re.search(r'^ *%s .*active in (\d+) ms, first stop in (\d+) ms$' % kind, summary, re.M)
            self.assertTrue(bite, '%s did not bite:\n%s' % (kind, summary))
            self.assertLess(int(bite[2]), 5000)
            print(bite[0].strip(), flush=True)
        fates = re.search(r'exactly one fate \(([\d,]+) of ([\d,]+)\)', summary)
        self.assertTrue(fates, summary)
        self.assertEqual(fates[1], fates[2])
        rows = dict(re.findall(r'^(DNS|HTTP/TLS|SMS|calls) +([\d,]+ +[\d,]+ +[\d,]+)$', text, re.M))
        self.assertEqual(set(rows), {'DNS', 'HTTP/TLS', 'SMS', 'calls'})
        for row in rows.values():
            inspected, blocked, _ = (int(figure.replace(',', '')) for figure in row.split())
            self.assertTrue(0 < blocked < inspected, rows)
        # The number that was pushed was typed by a publisher; what subscribers dialled is masked everywhere.
        self.assertFalse(re.search(r'\b(?:86)?1[3-9]\d{9}\b', text.replace('+8617055512345', '')), text)
        self.assert_what_to_try_next_works(summary)
        self.assert_nothing_is_left()

    def assert_what_to_try_next_works(self, summary):
        commands = re.findall(r'^  (\S*/telefenced? .*)$', summary[summary.index('Next:'):], re.M)
        self.assertTrue(commands, summary)
        for command in commands:
            done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
            self.assertIn(done.returncode, (0, 10), '%s\n%s%s' % (command, done.stdout, done.stderr))

    def test_speaks_chinese_by_the_locale_and_stops_at_ctrl_c(self):
        demo = self.begin('--seconds', '30', LANG='zh_CN.UTF-8')
        demo.wait_for('检查')
        demo.wait_for('短信')
        demo.process.send_signal(signal.SIGINT)
        code, _ = demo.end(15)
        self.assertEqual(code, 130, demo.errors)
        self.assertIn('已停止', demo.text())
        self.assert_nothing_is_left()

    def test_says_why_when_a_part_of_it_ends(self):
        demo = self.begin('--seconds', '30')
        demo.wait_for('inspected')
        os.kill(self.child_of(demo.process.pid, 'telefenced'), signal.SIGKILL)
        code, _ = demo.end(15)
        self.assertEqual(code, 1)
        self.assertIn('telefenced was ended by signal 9', demo.errors)
        self.assert_nothing_is_left()


class Feeder(unittest.TestCase):
    def test_reader_that_goes_away_is_said(self):
        with tempfile.TemporaryDirectory(prefix='telefence-feeder-') as folder:
            fifos = [os.path.join(folder, name) for name in ('access', 'core')]
            for fifo in fifos:
                os.mkfifo(fifo)
            data = ROOT / 'scripts' / 'demo.d'
            feeder = Running(sys.executable, '-B', str(LIB / 'feeder.py'), str(data / 'access.pcap'), fifos[0],
                             str(data / 'core.pcap'), fifos[1], '30')
            self.addCleanup(feeder.kill)
            readers = [open(fifo, 'rb') for fifo in fifos]
            for reader in readers:
                self.assertEqual(len(reader.read(24)), 24)
            readers[0].close()
            code, _ = feeder.end(10)
            readers[1].close()
            self.assertEqual(code, 1)
            self.assertRegex(feeder.errors, r'the reader of \S+access went away after \d+\.\d s of 30 s')


if __name__ == '__main__':
    unittest.main(verbosity=2)
