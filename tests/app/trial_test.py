# SPDX-License-Identifier: Apache-2.0
"""What entries would have hit, asked of edges under traffic before they are pushed. Usage: trial_test.py BUILD_DIR"""
import json
import os
import pathlib
import time
import unittest

import edge
import feed_test
import program
from program import messages, packets

# The capture comes again and again, as fast as the port takes it.
CONFIG = edge.CONFIG.replace('net_null0,no-rx=1', 'net_pcap0,rx_pcap=in.pcap,infinite_rx=1,tx_pcap=/dev/null')
SAMPLED = ', sample: {names: true, numbers: true, texts: true, one_of: 7}'
REDIS = '''  server: "unix:redis.sock"
  receipts: {server: "unix:redis.sock"}
'''
UNSIGNED = REDIS + '  accept_unsigned: true\n'
SIGNED = REDIS + '  signers: [{key: centre.pub}]\n'
NAME = ('domain', 'popular.example', '--category', 'phishing')
TEXT = '您的快递已到驿站'


class Trial(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.redis = feed_test.Redis(self)
        names = ['www.popular.example'] * 5 + ['host%d.other%d.example' % (i, i) for i in range(95)]
        frames = [packets.udp_frame(program.CLIENT, 40000 + i, program.SERVER, 53, messages.dns_query(name)) for i, name in enumerate(names)]
        for i in range(20):
            number = '+86%d' % (17012345600 + i if i < 2 else 13800138000 + i)
            frames.append(packets.udp_frame(program.CLIENT, 5060, program.SERVER, 5060, messages.sip_request(
                'MESSAGE', number, '+8613900139000', 'message-%d' % i, body=TEXT if i < 4 else '今晚一起吃饭吗 %d' % i, kind='text/plain')))
        packets.write_pcap(self.path('in.pcap'), frames)

    def edges(self, redis=UNSIGNED, count=2):
        out = [edge.Edge(self, 'edge%d' % i, redis, SAMPLED, CONFIG) for i in range(count)]
        for one in out:
            edge.until(self, lambda one=one: all(one.metric('telefence_samples_kept{kind="%s"}' % kind) >= 1000 for kind in ('name', 'calling', 'text')),
                       lambda: one.log())
        edge.until(self, lambda: len(self.redis.ask('HKEYS', 'tf:1:trial:nodes').split()) == count, 'announcement')
        return out

    def push(self, *arguments, code=0):
        for _ in range(5):
            done = self.tool('push', 'add', *arguments, '--redis', 'unix:redis.sock')
            # A machine that stands still for a second: the push says so, and what is only asked can be asked again.
            if done.returncode == code or '--dry-run' not in arguments or 'did not answer within a second' not in done.stdout:
                break
            time.sleep(1)
        return self.expect(done, code)

    def dry_run(self, *arguments, code=0):
        time.sleep(0.3)  # an edge answers four times a second
        return json.loads(self.push(*arguments, '--dry-run', '--json', code=code).stdout)

    def pushed(self):
        return int(self.redis.ask('XLEN', 'tf:1:log'))

    def test_what_hits_much_is_held_until_confirmed(self):
        one, other = self.edges()
        held = self.push(*NAME, code=3)
        self.assertIn('--confirm', held.stderr)
        self.assertIn('names sampled at 2 edges', held.stderr)
        self.assertEqual(self.pushed(), 0)
        text = self.push(*NAME, '--dry-run', code=3).stdout
        self.assertIn('nothing is published', text)
        self.assertIn('new, at 2 edges: edge0, edge1', text)
        self.assertIn('over the limit of 0.1%', text)
        self.assertEqual(self.pushed(), 0)
        time.sleep(0.3)
        self.assertIn('已搁置，未下发', self.push(*NAME, '--lang', 'zh', code=3).stderr)
        self.assertIn('每个节点均少于 3 次', self.push('domain', 'rare.example', '--category', 'phishing', '--dry-run', '--lang', 'zh').stdout)
        # What hits nothing is published, and what is known to hit much as well.
        self.push('domain', 'fresh-scam.example', '--category', 'phishing')
        one.becomes(True, 'domain', 'fresh-scam.example')
        self.assertEqual(self.pushed(), 1)
        time.sleep(0.3)
        self.push(*NAME, '--confirm', '--audit', 'centre.audit.jsonl')
        for each in (one, other):
            each.becomes(True, 'domain', 'www.popular.example')
        line = json.loads(pathlib.Path(self.path('centre.audit.jsonl')).read_text())
        self.assertAlmostEqual(line['confirmed']['share'], 0.05, delta=0.02)
        self.assertEqual((line['what'], line['confirmed']['edges'], line['confirmed']['limit']), ('pushed', 2, 0.001))
        # Without a limit nobody is asked.
        asked = one.metric('telefence_trial_requests_total{result="answered"}')
        self.push('domain', 'other1.example', '--category', 'phishing', '--most-hits', '100%')
        self.push('domain', 'other2.example', '--category', 'phishing', '--allow')
        self.assertEqual(one.metric('telefence_trial_requests_total{result="answered"}'), asked)
        self.assertIn('--most-hits', self.push('domain', 'x.example', '--category', 'phishing', '--most-hits', '0.1', code=2).stderr)

    def test_every_kind_is_counted_and_compared(self):
        one = self.edges(count=1)[0]
        line = self.dry_run(*NAME, code=3)['lines'][0]
        self.assertAlmostEqual(line['share'], 0.05, delta=0.02)
        self.assertEqual((line['of'], line['edges'], line['now'][0]['is']['reason']), ('names', 1, 'no-hit'))
        exact = self.dry_run(*NAME, '--match', 'exact')['lines'][0]
        self.assertEqual((exact['hits'], exact['below']), (0, 1))
        calling = self.dry_run('number', '+86170*', '--category', 'spoofed-caller', '--side', 'calling', code=3)
        self.assertAlmostEqual(calling['lines'][0]['share'], 0.1, delta=0.04)
        self.assertIn('prefix', calling['wide'][0])
        called = self.dry_run('number', '+86170*', '--category', 'spoofed-caller', '--side', 'called')['lines'][0]
        self.assertEqual(called['hits'], 0)
        regex = self.dry_run('pattern', '快递.{0,6}驿站', '--match', 'regex', '--category', 'other', code=3)['lines'][0]
        self.assertAlmostEqual(regex['share'], 0.2, delta=0.06)
        self.assertEqual(self.dry_run('pattern', '安全账户转账', '--category', 'other')['lines'][0]['hits'], 0)
        # The same again, and another of it.
        self.push(*NAME, '--confirm', '--source', 'city')
        one.becomes(True, 'domain', 'popular.example')
        self.assertIn('no change', self.push(*NAME, '--source', 'city', '--dry-run', code=3).stdout)
        time.sleep(0.3)
        self.assertIn('tier 2 -> 1', self.push(*NAME, '--source', 'city', '--tier', '1', '--dry-run', code=3).stdout)
        self.assertIn('new of this source, beside that of city (tier 2 -> 3)',
                      self.push(*NAME, '--source', 'province', '--tier', '3', '--dry-run', code=3).stdout)
        time.sleep(0.3)
        self.assertIn('new; until now popular.example decides (city)',
                      self.push('domain', 'www.popular.example', '--category', 'phishing', '--dry-run', code=3).stdout)

    def test_only_those_who_may_push_may_ask(self):
        self.expect(self.tool('keys', 'new', 'centre'), 0)
        self.expect(self.tool('keys', 'new', 'stranger'), 0)
        one = self.edges(SIGNED, count=1)[0]
        for key in ([], ['--key', 'stranger.key']):
            self.assertEqual(self.dry_run(*NAME, *key)['silent'], ['edge0'])
        self.assertEqual(one.metric('telefence_trial_requests_total{result="unsigned"}'), 2)
        self.assertGreater(self.dry_run(*NAME, '--key', 'centre.key', code=3)['lines'][0]['hits'], 0)
        # What was signed for one question is good for no other.
        words = self.redis.ask('XREVRANGE', 'tf:1:trial', '+', '-', 'COUNT', '1').splitlines()
        signature = words[words.index('s') + 1]
        time.sleep(0.3)
        self.redis.ask('XADD', 'tf:1:trial', '*', 'id', '0' * 32, 'b', words[words.index('b') + 1], 's', signature)
        edge.until(self, lambda: one.metric('telefence_trial_requests_total{result="unsigned"}') == 3, 'refusal')

    def test_nonsense_and_crowds_are_ignored_and_counted(self):
        one = self.edges(count=1)[0]
        line = '{"op":"add","kind":"domain","value":"a.example"}'
        for body, identity in (('nonsense', '1' * 32), (line, '../../x'), ('\n'.join([line] * 101), '2' * 32), ('x' * 70000, '3' * 32)):
            before = one.metric('telefence_trial_requests_total{result="malformed"}')
            self.redis.ask('XADD', 'tf:1:trial', '*', 'id', identity, 'b', body)
            edge.until(self, lambda: one.metric('telefence_trial_requests_total{result="malformed"}') == before + 1, body[:40])
            time.sleep(0.3)
        time.sleep(1)
        for i in range(40):
            self.redis.ask('XADD', 'tf:1:trial', '*', 'id', '%032x' % i, 'b', line)
        edge.until(self, lambda: one.metric('telefence_trial_requests_total{result="too_many"}') >= 20, 'refusal')
        self.assertEqual(self.redis.ask('KEYS', 'tf:1:trial:*x*').strip(), '')
        edge.until(self, lambda: one.metric('telefence_trial_requests_total{result="answered"}') >= 1, 'answer')
        self.assertLessEqual(one.metric('telefence_trial_requests_total{result="answered"}'), 16)
        self.assertGreater(int(self.redis.ask('TTL', 'tf:1:trial:' + '%032x' % 0)), 0)

    def test_who_keeps_no_sample_is_not_asked(self):
        plain = edge.Edge(self, 'plain', UNSIGNED)
        begin = time.monotonic()
        self.push(*NAME)
        self.assertLess(time.monotonic() - begin, 0.9)
        plain.becomes(True, 'domain', 'popular.example')
        self.assertIn('no edge keeps a sample', self.push(*NAME, '--dry-run').stdout)
        self.assertIn('没有节点保留样本', self.push(*NAME, '--dry-run', '--lang', 'zh').stdout)
        self.assertEqual((self.pushed(), self.redis.ask('EXISTS', 'tf:1:trial').strip()), (1, '0'))

    def test_an_edge_that_is_gone_costs_a_second_and_holds_nothing(self):
        one, other = self.edges()
        other.stop()
        begin = time.monotonic()
        done = self.push('domain', 'fresh-scam.example', '--category', 'phishing')
        self.assertLess(time.monotonic() - begin, 3)
        self.assertIn('1 of 2 edges', done.stderr)
        one.becomes(True, 'domain', 'fresh-scam.example')
        # Redis loses everything, and the edge can be asked again.
        self.redis.stop()
        self.redis.start()
        edge.until(self, lambda: self.redis.ask('HKEYS', 'tf:1:trial:nodes').split() == ['edge0'], 'announcement', 60)
        self.push(*NAME, code=3)


if __name__ == '__main__':
    program.main()
