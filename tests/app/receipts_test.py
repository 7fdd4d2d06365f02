# SPDX-License-Identifier: Apache-2.0
"""What `telefence push status` claims of batches that edges refused, and after the log was lost. Usage: receipts_test.py BUILD_DIR"""
import json
import time

import edge
import feed_test
import program

SIGNED = '''  server: "unix:redis.sock"
  receipts: {server: "unix:redis.sock"}
  signers: [{key: centre.pub}]
'''


class Receipts(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.redis = feed_test.Redis(self)
        for name in ('centre', 'stranger'):
            self.expect(self.tool('keys', 'new', name), 0)
        self.edge = edge.Edge(self, 'e1', SIGNED)
        edge.until(self, lambda: self.edge.feed()['connected'], 'connection')

    def add(self, name, key='centre'):
        self.expect(self.tool('push', 'add', 'domain', name, '--category', 'phishing', '--key', key + '.key', '--redis', 'unix:redis.sock'), 0)

    def told(self, *more):
        return json.loads(self.expect(self.tool('push', 'status', '--json', '--redis', 'unix:redis.sock', *more), 0).stdout)

    def text(self, *more):
        return self.expect(self.tool('push', 'status', '--redis', 'unix:redis.sock', *more), 0).stdout

    def test_a_refused_batch_is_never_called_in_force(self):
        self.add('a.example')
        edge.until(self, lambda: self.told()['applied'] == 1, self.told)
        self.add('theirs.example', 'stranger')
        took = edge.until(self, lambda: self.told()['refused'], self.told)
        self.assertLess(took, 5, 'it is told at once, not with the next heartbeat')
        self.assertEqual((self.told()['applied'], self.told()['behind']), (0, []))
        self.add('b.example')
        edge.until(self, lambda: self.told()['applied'] == 1, self.told)
        told = self.told('--seq', '2')
        self.assertEqual((told['applied'], told['measured'], told['refused'][0]['reason']), (0, 0, 'unknown_signer'))
        self.assertIn('refused by e1: it is signed by ', self.text('--seq', '2'))
        self.assertIn('e1 拒绝：其签名者 ', self.text('--seq', '2', '--lang', 'zh'))
        self.assertIn('telefence_push_edges_refused 1', self.text('--seq', '2', '--metrics'))
        for sequence in ('1', '3'):
            told = self.told('--seq', sequence)
            self.assertEqual((told['applied'], told['refused']), (1, []), sequence)
        # After a restart its receipts of before still tell; without them nobody claims anything.
        self.edge.stop()
        self.edge.start()
        edge.until(self, lambda: self.edge.feed()['connected'], 'connection')
        edge.until(self, lambda: self.redis.ask('HGET', 'tf:1:node:e1', 'from').strip() == '3', 'heartbeat')
        self.assertEqual(len(self.told('--seq', '2')['refused']), 1)
        self.redis.ask('DEL', 'tf:1:ack')
        self.assertEqual((self.told('--seq', '2')['applied'], self.told('--seq', '2')['unknown']), (0, ['e1']))
        self.assertEqual(self.told('--seq', '3')['applied'], 1)

    def test_an_edge_with_a_gap_is_named_whatever_batch_it_has(self):
        self.add('a.example')
        edge.until(self, lambda: self.told()['applied'] == 1, self.told)
        self.assertEqual(self.told()['troubled'], [])
        self.edge.stop()
        self.add('lost.example')
        self.add('b.example')
        self.redis.ask('XDEL', 'tf:1:log', '2-0')
        self.edge.start()
        edge.until(self, lambda: self.told()['applied'] == 1 and self.told()['troubled'], self.told)
        self.assertIn('e1', self.told()['troubled'][0]['node'])
        self.assertIn('has it, but something is wrong: e1: ', self.text())
        self.assertIn('已有此批次，但有异常：e1：', self.text('--lang', 'zh'))
        self.assertIn('telefence_push_edges_troubled 1', self.text('--metrics'))

    def test_a_batch_that_is_in_force_in_part_is_told(self):
        self.write('needed.txt', 'needed.example\n')
        other = edge.Edge(self, 'e2', SIGNED, policy=', protected: [needed.txt]')
        edge.until(self, lambda: other.feed()['connected'], 'connection')
        self.add('a.needed.example')  # one of its suffixes, only below it
        self.add('needed.example')
        edge.until(self, lambda: self.told()['applied'] == 2, self.told)
        edge.until(self, lambda: self.told()['partial'], self.told)
        told = self.told()['partial']
        self.assertEqual(([one['node'] for one in told], told[0]['left_out']), (['e2'], '1'))
        self.assertIn('needed.example', told[0]['why'])
        self.assertIn('in part: e2, changes left out: 1: ', self.text())
        self.assertIn('部分生效：e2，未采用的变更：1：', self.text('--lang', 'zh'))
        self.assertIn('telefence_push_edges_partial 1', self.text('--metrics'))

    def test_a_receipt_that_redis_takes_not_leaves_the_heartbeat(self):
        self.redis.ask('XADD', 'tf:1:ack', '18446744073709551615-18446744073709551615', 'node', 'x')
        self.add('a.example')
        edge.until(self, lambda: self.told()['applied'] == 1, self.told)

    def test_batches_that_the_log_does_not_have(self):
        self.assertIn('the log has no batch yet\n', self.text())
        self.add('a.example')
        edge.until(self, lambda: self.told()['applied'] == 1, self.told)
        told = self.text('--seq', '99')
        self.assertIn('the log has no batch 99: it ends with batch 1', told)
        self.assertNotIn('in force', told)
        self.assertNotIn('behind', told)

    def test_receipts_of_a_lost_log_count_for_nothing(self):
        time.sleep(1.5)  # of what comes before the log was once read to its end no time is told
        for name in ('a.example', 'b.example'):
            self.add(name)
        edge.until(self, lambda: self.told()['measured'] == 1, self.told)
        self.edge.stop()
        self.redis.ask('DEL', 'tf:1:log')
        self.assertEqual((self.told('--seq', '2')['applied'], self.told('--seq', '2')['measured'], self.told('--seq', '2')['last']), (0, 0, 0))
        self.assertIn('the log has no batch 2', self.text('--seq', '2'))
        for name in ('c.example', 'd.example'):
            self.add(name)
        told = self.told()
        self.assertEqual((told['seq'], told['applied'], told['measured']), (2, 0, 0))
        self.assertIn('the batch 2 that it has is of another log', told['behind'][0]['problem'])
        self.assertIn('属于另一变更流', self.text('--lang', 'zh'))
        self.edge.start()
        edge.until(self, lambda: self.told()['applied'] == 1, self.told)


if __name__ == '__main__':
    program.main()
