# SPDX-License-Identifier: Apache-2.0
"""What a whole edge must outlive, with a redis-server of its own: kills at any moment, a full disk, a clock that leaps.
Usage: faults_test.py BUILD_DIR"""
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time
import unittest

import edge
import program

KILLS = 100
FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
REDIS = '''  server: "unix:redis.sock"
  signers: [{key: centre.pub}]
'''


class Faults(program.ProgramTest):
    def setUp(self):
        super().setUp()
        if shutil.which('redis-server') is None:
            self.skipTest('redis-server is not installed')
        self.redis = None
        self.addCleanup(self.stop_redis)
        self.start_redis()
        self.expect(self.tool('keys', 'new', 'centre'), 0)
        self.wrong = []

    def start_redis(self):
        self.redis = subprocess.Popen(['redis-server', '--port', '0', '--unixsocket', 'redis.sock', '--save', '', '--dir', self.folder],
                                      cwd=self.folder, stdout=subprocess.DEVNULL)
        edge.until(self, lambda: os.path.exists(self.path('redis.sock')), 'start of redis-server')

    def stop_redis(self):
        if self.redis is not None:
            self.redis.kill()
            self.redis.wait()
        self.redis = None

    def push(self, *words):
        return self.tool('push', *words, '--key', 'centre.key', '--redis', 'unix:redis.sock')

    def add(self, name, *more):
        self.expect(self.push('add', 'domain', name, '--category', 'phishing', *more), 0)

    def until_in_force(self, one, sequence):
        edge.until(self, lambda: one.feed()['sequence'] == sequence, lambda: 'batch %d:\n%s' % (sequence, one.log()))

    def expect_all(self, one, expected):
        wrong = [name for name, blocked in expected.items() if one.blocks('domain', name) != blocked]
        self.assertEqual(wrong, [], one.log()[-3000:])
        self.assertEqual(one.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})

    def push_until(self, is_over, expected, count):
        """Adds one name after the other, takes every third away again."""
        for i in range(10 ** 6):
            if is_over.is_set():
                break
            name = 'n%d.example' % i
            for op in ('add', 'remove') if i % 3 == 2 else ('add',):
                more = ('--category', 'phishing') if op == 'add' else ()
                done = self.push(op, 'domain', name, *more)
                if done.returncode != 0:
                    self.wrong.append(done.stderr)
                    return
                expected[name] = op == 'add'
                count[0] += 1

    def test_killed_at_any_moment_it_goes_on_where_it_was(self):
        one = edge.Edge(self, 'edge', REDIS)
        expected, count, is_over = {}, [0], threading.Event()
        pusher = threading.Thread(target=self.push_until, args=(is_over, expected, count))
        pusher.start()
        chance = random.Random(5)
        try:
            for _ in range(KILLS):
                one.stop()
                one.process = subprocess.Popen([*one.program, 'run', '-c', one.file, '--json'], stdout=subprocess.PIPE, stderr=one.log_file, text=True,
                                               cwd=self.folder)
                time.sleep(chance.uniform(0.05, 0.6))  # from before it has read its disk until it follows the log
        finally:
            is_over.set()
            pusher.join()
        self.assertEqual(self.wrong, [])
        one.stop()
        one.start()
        self.until_in_force(one, count[0])
        self.expect_all(one, expected)
        # From its disk alone.
        one.stop()
        self.stop_redis()
        one.start()
        self.until_in_force(one, count[0])
        self.expect_all(one, expected)
        print('%d kills, %d pushes meanwhile' % (KILLS, count[0]))

    def test_a_full_disk_stops_nothing_and_is_told(self):
        os.mkdir(self.path('edge.state'))
        unshare = ['unshare', '-m'] if os.geteuid() == 0 else ['unshare', '-Urm']
        telefenced = os.path.join(program.BUILD, 'src', 'app', 'telefenced')
        one = edge.Edge(self, 'edge', REDIS, wrapped=[*unshare, 'sh', '-c', 'mount -t tmpfs -o size=256k tmpfs edge.state && exec "$0" "$@"', telefenced])
        self.add('first.example')
        one.becomes(True, 'domain', 'first.example')
        self.assertEqual(one.metric('telefence_policy_state_ok'), 1)
        chance = random.Random(6)
        names = ['%032x.example' % chance.getrandbits(128) for _ in range(20_000)]
        self.write('list.txt', '\n'.join(names))
        self.expect(self.push('apply', 'list.txt', '--category', 'phishing'), 0)
        one.becomes(True, 'domain', names[-1])
        self.assertTrue(one.blocks('domain', names[0]))
        self.assertEqual(one.metric('telefence_policy_state_ok'), 0)
        self.assertIn('No space left', ' '.join(one.status()['reasons'] + one.status()['notes']))
        self.add('last.example')
        one.becomes(True, 'domain', 'last.example')
        self.assertFalse(one.blocks('domain', 'innocent.example'))

    def test_a_clock_that_leaps_takes_nothing_away_for_good(self):
        if not os.path.exists(FAKETIME):
            self.skipTest('faketime is not installed')
        clock = pathlib.Path(self.write('clock', '+0'))
        telefenced = os.path.join(program.BUILD, 'src', 'app', 'telefenced')
        one = edge.Edge(self, 'edge', REDIS, wrapped=['env', 'LD_PRELOAD=' + FAKETIME, 'FAKETIME_TIMESTAMP_FILE=' + str(clock), 'FAKETIME_NO_CACHE=1',
                                                      'FAKETIME_DONT_FAKE_MONOTONIC=1', 'DONT_FAKE_MONOTONIC=1', telefenced])
        self.add('always.example')
        self.add('for-an-hour.example', '--expires', '1h')
        one.becomes(True, 'domain', 'for-an-hour.example')
        for leap, is_in_time in (('-3650d', True), ('+0', True), ('+1d', False), ('+0', True), ('-1d', True)):
            clock.write_text(leap)
            one.becomes(is_in_time, 'domain', 'for-an-hour.example')
            self.assertTrue(one.blocks('domain', 'always.example'), leap)
            name = 'pushed-%d.example' % one.feed()['sequence']
            self.add(name)
            one.becomes(True, 'domain', name)
            self.assertFalse(one.blocks('domain', 'innocent.example'))
            self.assertEqual(one.feed()['problem'], '')
        self.assertEqual(one.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})


if __name__ == '__main__':
    unittest.main(verbosity=2)
