# SPDX-License-Identifier: Apache-2.0
"""What `telefence push status` claims of batches that edges refused, and after the log was lost. Usage: receipts_test.py BUILD_DIR"""
import json
import os
import pathlib
import subprocess
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

    def told(self, *more, code=0):
        return json.loads(self.expect(self.tool('push', 'status', '--json', '--redis', 'unix:redis.sock', *more), code).stdout)

    def text(self, *more, code=0):
        return self.expect(self.tool('push', 'status', '--redis', 'unix:redis.sock', *more), code).stdout

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
        told = self.text('--seq', '99', code=3)
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
        told = self.told('--seq', '2', code=3)
        self.assertEqual((told['ok'], told['applied'], told['measured'], told['last']), (False, 0, 0, 0))
        self.assertIn('the log has no batch 2', self.text('--seq', '2', code=3))
        for name in ('c.example', 'd.example'):
            self.add(name)
        told = self.told()
        self.assertEqual((told['seq'], told['applied'], told['measured']), (2, 0, 0))
        self.assertIn('the batch 2 that it has is of another log', told['behind'][0]['problem'])
        self.assertIn('属于另一变更流', self.text('--lang', 'zh'))
        self.edge.start()
        edge.until(self, lambda: self.told()['applied'] == 1, self.told)


KEYED = SIGNED.replace('unix:redis.sock"}', 'unix:redis.sock", key: e1.key}')


class SignedReceipts(Receipts):
    """The same with a key of the node, and receipts that somebody else wrote."""

    def setUp(self):
        program.ProgramTest.setUp(self)
        self.redis = feed_test.Redis(self)
        for name in ('centre', 'stranger'):
            self.expect(self.tool('keys', 'new', name), 0)
        os.mkdir(self.path('nodes'))
        for name in ('e1', 'e2'):
            self.expect(self.tool('keys', 'new', '--node', name), 0)
        self.know('e1')
        self.edge = edge.Edge(self, 'e1', KEYED)
        edge.until(self, lambda: self.edge.feed()['connected'], 'connection')

    def know(self, node):
        os.rename(self.path(node + '.pub'), self.path('nodes/' + node + '.pub'))

    def proved(self, *more):
        return self.told('--node-keys', 'nodes', *more)

    def sign(self, redis_key, fields):
        """As docs/signatures.md tells it, by openssl."""
        words = [redis_key, *(word for field in fields.items() for word in field)]
        self.write('message', 'telefence-receipt-1:' + ''.join('%d:%s,' % (len(word.encode()), word) for word in words))
        lines = dict(line.split(': ', 1) for line in pathlib.Path(self.path('e1.key')).read_text().splitlines() if ': ' in line)
        with open(self.path('key.der'), 'wb') as file:
            file.write(bytes.fromhex('302e020100300506032b657004220420' + lines['secret']))
        done = subprocess.run(['openssl', 'pkeyutl', '-sign', '-inkey', 'key.der', '-keyform', 'DER', '-rawin', '-in', 'message'], cwd=self.folder,
                              capture_output=True, check=True)
        return '%s %s %s' % (lines['id'], done.stdout.hex(), ','.join(fields))

    def heartbeat(self):
        words = self.redis.ask('HGETALL', 'tf:1:node:e1').split('\n')[:-1]
        return dict(zip(words[::2], words[1::2]))

    def test_what_the_node_signed_counts(self):
        time.sleep(1.5)  # of what comes before the log was once read to its end no time is told
        self.add('a.example')
        edge.until(self, lambda: self.proved()['applied'] == 1 and self.proved()['measured'] == 1, self.proved)
        self.assertEqual((self.proved()['unproved'], self.proved()['silent']), ([], []))
        self.expect(self.tool('push', 'status', '--wait', '5s', '--node-keys', 'nodes/e1.pub', '--redis', 'unix:redis.sock'), 0)
        fields = self.heartbeat()
        proof = fields.pop('sig')
        in_order = {name: fields[name] for name in proof.split()[2].split(',')}
        self.assertEqual(set(in_order), set(fields))
        self.assertEqual(proof, self.sign('tf:1:node:e1', in_order), 'Ed25519 says always the same of the same')

    def test_what_somebody_else_wrote_does_not(self):
        time.sleep(1.5)
        self.add('a.example')
        edge.until(self, lambda: self.proved()['measured'] == 1, self.proved)
        took = self.proved()['max_ms']
        # Times that nobody measured, a node that is none, one whose batch is higher.
        self.redis.ask('XADD', 'tf:1:ack', '*', 'node', 'e1', 'seq', '1', 'from', '1', 'applied_at', '1', 'ms', '999999', 'cores', '1', 'hash',
                       self.heartbeat()['hash'], 'refused', '')
        self.redis.ask('HSET', 'tf:1:node:ghost', 'seq', '1', 'hash', self.heartbeat()['hash'])
        told = self.proved()
        self.assertEqual((told['applied'], told['max_ms']), (1, took))
        self.assertEqual([one['node'] for one in told['unproved']], ['ghost'])
        self.assertEqual(self.told()['applied'], 2, 'without --node-keys it is believed')
        self.assertIn('not proved: ghost: no key of a node of this name', self.text('--node-keys', 'nodes'))
        self.assertIn('未经证实：ghost：', self.text('--node-keys', 'nodes', '--lang', 'zh'))
        self.assertIn('telefence_push_edges_unproved 1', self.text('--node-keys', 'nodes', '--metrics'))
        self.redis.ask('DEL', 'tf:1:node:ghost')
        self.edge.stop()
        self.add('b.example')
        newest = self.redis.ask('HGET', 'tf:1:head', 'hash').strip()
        self.redis.ask('HSET', 'tf:1:node:e1', 'seq', '2', 'hash', newest)
        self.assertEqual(self.told()['applied'], 1, 'a lie that is believed without keys')
        told = self.proved()
        self.assertEqual((told['applied'], told['unproved'][0]['why']), (0, 'its signature is wrong: it was changed, or signed for something else'))
        done = self.tool('push', 'status', '--wait', '1s', '--node-keys', 'nodes', '--redis', 'unix:redis.sock')
        self.expect(done, 11)
        self.edge.start()
        edge.until(self, lambda: self.proved()['applied'] == 1, self.proved)

    def test_an_old_heartbeat_that_is_put_back(self):
        self.add('a.example')
        edge.until(self, lambda: self.proved()['applied'] == 1, self.proved)
        self.edge.stop()
        fields = self.heartbeat()
        del fields['sig']
        fields['told_at'] = str(int(fields['told_at']) - 600_000)
        fields['sig'] = self.sign('tf:1:node:e1', fields)
        self.redis.ask('HSET', 'tf:1:node:e1', *(word for field in fields.items() for word in field))
        self.assertRegex(self.proved()['unproved'][0]['why'], 'its heartbeat is dated 6[0-9]* s ago: somebody put an old one back')
        self.assertIn('系旧心跳被重新写入', self.text('--node-keys', 'nodes', '--lang', 'zh'))

    def test_an_edge_that_has_a_key_and_tells_nothing_is_missed(self):
        self.know('e2')
        self.add('a.example')
        edge.until(self, lambda: self.proved()['applied'] == 1, self.proved)
        self.assertEqual((self.proved()['silent'], self.told()['silent']), (['e2'], []))
        self.expect(self.tool('push', 'status', '--wait', '1s', '--node-keys', 'nodes', '--redis', 'unix:redis.sock'), 11)
        self.expect(self.tool('push', 'status', '--wait', '1s', '--redis', 'unix:redis.sock'), 0)

    def test_what_is_no_heartbeat_hides_no_other(self):
        self.add('a.example')
        edge.until(self, lambda: self.proved()['applied'] == 1, self.proved)
        self.redis.ask('XADD', 'tf:1:node:ghost', '*', 'a', 'b')
        for keys in ((), ('--node-keys', 'nodes')):
            told = self.told(*keys)
            self.assertEqual((told['applied'], [one['node'] for one in told['unproved']]), (1, ['ghost']))
            self.assertIn('redis-cli DEL tf:1:node:ghost', told['unproved'][0]['why'])

    def test_the_batch_that_was_pushed_and_not_only_its_number(self):
        pushed = json.loads(self.expect(self.tool('push', 'add', 'domain', 'a.example', '--category', 'phishing', '--key', 'centre.key', '--redis', 'unix:redis.sock',
                                                  '--json'), 0).stdout)
        told = ('push', 'status', '--seq', str(pushed['seq']), '--hash', pushed['hash'], '--redis', 'unix:redis.sock')
        self.expect(self.tool(*told, '--wait', '5s'), 0)
        self.redis.ask('DEL', 'tf:1:log')
        self.add('another.example')
        done = self.tool(*told)
        self.expect(done, 1)
        self.assertIn('batch 1 of the log is another one than that of --hash: it was lost', done.stderr)
        self.assertIn('不是 --hash 所指的批次', self.tool(*told, '--lang', 'zh').stderr)
        self.expect(self.tool('push', 'status', '--hash', 'ab', '--redis', 'unix:redis.sock'), 2)

    def test_an_edge_of_another_log(self):
        self.add('a.example')
        edge.until(self, lambda: self.proved()['applied'] == 1, self.proved)
        self.know('e2')
        edge.Edge(self, 'e2', KEYED.replace('e1.key', 'e2.key') + '  log: tf:9:log\n')
        for value in ('b.example', 'c.example'):
            self.expect(self.tool('push', 'add', 'domain', value, '--category', 'phishing', '--key', 'centre.key', '--redis', 'unix:redis.sock', '--log', 'tf:9:log'), 0)
        edge.until(self, lambda: self.told('--log', 'tf:9:log')['applied'] == 1, self.told)
        self.redis.ask('XTRIM', 'tf:1:log', 'MAXLEN', '0')
        told = self.proved('--seq', '1')
        self.assertEqual([(one['node'], one['problem']) for one in told['behind']], [('e2', 'it follows the log tf:9:log')])

    def test_a_node_that_signs_no_more(self):
        self.add('a.example')
        edge.until(self, lambda: self.proved()['applied'] == 1, self.proved)
        self.edge.stop()
        self.write('e1.yaml', pathlib.Path(self.edge.file).read_text().replace(', key: e1.key', ''))
        self.edge.start()
        edge.until(self, lambda: self.proved()['unproved'], self.proved)
        self.assertEqual(self.proved()['unproved'][0]['why'], 'it is not signed')

    def test_a_key_of_another_node(self):
        text = pathlib.Path(self.edge.file).read_text()
        wrong = self.write('wrong.yaml', text.replace('e1.key', 'e2.key'))
        done = self.daemon('check', wrong)
        self.expect(done, 3)
        self.assertIn("this is the key of 'e2', and node.id is 'e1'", done.stderr)
        self.write('nodes/copy.pub', pathlib.Path(self.path('nodes/e1.pub')).read_text())
        done = self.tool('push', 'status', '--node-keys', 'nodes', '--redis', 'unix:redis.sock')
        self.expect(done, 2)
        self.assertIn("are both keys of the node 'e1'", done.stderr)


if __name__ == '__main__':
    program.main()
