# SPDX-License-Identifier: Apache-2.0
"""Somebody who owns a Redis holds the log back: an edge without receipts says so, by the centre's timestamps. Usage: freeze_test.py BUILD_DIR"""
import os
import subprocess
import time
import urllib.request

import edge
import program
from servers_test import Node

REDIS = '''  server: "unix:%s.sock"
  silent_after: 3s
  signers:
    - {key: centre.pub}
    - {key: stamp.pub, operations: [timestamp]}
    - {key: vendor.pub, operations: [add]}
'''


class Freeze(program.ProgramTest):
    def setUp(self):
        super().setUp()
        for name in ('centre', 'stamp', 'vendor', 'stranger'):
            self.expect(self.tool('keys', 'new', name), 0)
        self.primary, self.replica = Node(self, 'primary'), Node(self, 'replica')
        self.replica.follow(self.primary)
        self.service = None

    def push(self, value, key='centre', code=0):
        return self.expect(self.tool('push', 'add', 'domain', value, '--category', 'phishing', '--key', key + '.key', '--redis', self.primary.address()), code)

    def sign(self, key='stamp', node=None, code=0):
        return self.expect(self.tool('push', 'timestamp', '--key', key + '.key', '--redis', (node or self.primary).address(), '--json'), code)

    def pass_on(self):
        """To the replica that is cut off."""
        self.replica.ask('SET', 'tf:1:timestamp', self.primary.ask('GET', 'tf:1:timestamp').removesuffix('\n'))

    def begin_service(self):
        self.service = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefence'), 'push', 'timestamp', '--key', 'stamp.key', '--every', '1s',
                                         '--redis', self.primary.address()], cwd=self.folder, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.service.stdout.close)
        self.addCleanup(self.service.wait)
        self.addCleanup(self.service.kill)
        self.assertIn('signed: at ', self.service.stdout.readline())

    def edge(self, node='replica'):
        one = edge.Edge(self, 'edge', REDIS % node)
        edge.until(self, lambda: one.feed()['connected'], 'connection')
        return one

    def says(self, one, what, seconds=30):
        return edge.until(self, lambda: what in one.feed()['problem'], lambda: '%s: %s' % (what, one.feed()['problem']), seconds)

    def says_nothing(self, one, seconds=30):
        edge.until(self, lambda: one.feed()['problem'] == '', lambda: one.feed()['problem'], seconds)

    def test_a_log_that_is_cut_off_is_told_of(self):
        self.begin_service()
        self.push('a.example')
        one = self.edge()
        one.becomes(True, 'domain', 'a.example')
        end = time.monotonic() + 6
        while time.monotonic() < end:
            self.assertEqual(one.feed()['problem'], '')
            time.sleep(0.5)
        self.assertLess(abs(one.metric('telefence_policy_signed_timestamp_seconds') - time.time()), 5)
        # The replica goes on to answer, and has nothing new.
        self.replica.ask('REPLICAOF', 'NO', 'ONE')
        self.push('b.example')
        took = self.says(one, 'nothing that the centre signed came here since 20', 15)
        self.assertLess(took, 10)
        self.assertIn('the log may be held back', urllib.request.urlopen(one.web + '/readyz', timeout=10).read().decode())
        self.assertTrue(one.blocks('domain', 'a.example'))
        self.assertFalse(one.blocks('domain', 'b.example'))
        self.replica.follow(self.primary)
        self.says_nothing(one)
        one.becomes(True, 'domain', 'b.example')

    def test_timestamps_that_are_passed_on_without_the_log(self):
        self.push('a.example')
        self.sign()
        one = self.edge()
        one.becomes(True, 'domain', 'a.example')
        self.replica.ask('REPLICAOF', 'NO', 'ONE')
        self.push('b.example')
        end = time.monotonic() + 20
        while 'the centre signed that the log has batch 2, and batch 1 is the newest that came here' not in one.feed()['problem']:
            self.assertLess(time.monotonic(), end, one.feed()['problem'])
            self.sign()
            self.pass_on()
            time.sleep(0.3)
        # One of somebody else takes nothing back.
        self.sign('vendor')
        self.pass_on()
        time.sleep(2)
        self.assertIn('the centre signed that the log has batch 2', one.feed()['problem'])

    def test_only_who_may_signs(self):
        self.sign('vendor')
        one = self.edge()
        self.says(one, 'vendor may not sign timestamps')
        self.sign('stranger')
        self.says(one, 'which is not among redis.signers')
        value = self.primary.ask('GET', 'tf:1:timestamp')
        self.sign()
        self.says_nothing(one)
        self.primary.ask('SET', 'tf:1:timestamp', value.removesuffix('\n').replace('"seq":0', '"seq":7'))
        self.says(one, 'the timestamp counts for nothing')
        # And it can sign nothing else.
        self.push('a.example', key='stamp')
        edge.until(self, lambda: one.metric('telefence_policy_batches_refused_total{reason="not_allowed"}') == 1, 'refusal')
        self.assertFalse(one.blocks('domain', 'a.example'))

    def test_another_log_of_the_same_length(self):
        self.push('a.example')
        self.sign()
        one = self.edge()
        one.becomes(True, 'domain', 'a.example')
        self.says_nothing(one)
        # The centre's log went another way after a fail-over; somebody shows this edge the old one.
        self.replica.ask('REPLICAOF', 'NO', 'ONE')
        self.primary.ask('DEL', 'tf:1:log', 'tf:1:timestamp')
        self.push('c.example')
        self.sign()
        end = time.monotonic() + 20
        while 'batch 1 is another one here than the centre signed' not in one.feed()['problem']:
            self.assertLess(time.monotonic(), end, one.feed()['problem'])
            self.pass_on()
            time.sleep(0.3)

    def test_a_shorter_log_is_not_signed(self):
        self.push('a.example')
        self.push('b.example')
        self.sign()
        self.primary.ask('DEL', 'tf:1:log')
        self.push('c.example')
        done = self.sign(code=1)
        self.assertIn('the log ends with batch 1, and batch 2 was signed for before', done.stderr)
        self.assertIn('变更流止于批次 1', self.tool('push', 'timestamp', '--key', 'stamp.key', '--redis', self.primary.address(), '--lang', 'zh').stderr)
        self.primary.ask('DEL', 'tf:1:timestamp')
        self.sign()

    def test_a_new_edge_before_a_frozen_log(self):
        self.push('a.example')
        self.sign()
        # A replica lags behind; what is cut off here had got that far.
        edge.until(self, lambda: '"seq"' in self.replica.ask('GET', 'tf:1:timestamp'), 'the timestamp at the replica')
        self.replica.ask('REPLICAOF', 'NO', 'ONE')
        self.push('b.example')
        time.sleep(1)
        one = self.edge()
        self.says(one, 'nothing that the centre signed came here since 20', 15)


if __name__ == '__main__':
    program.main()
