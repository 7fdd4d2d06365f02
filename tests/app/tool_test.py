# SPDX-License-Identifier: Apache-2.0
"""telefence test and push. A private redis-server on a unix socket where one is installed. Usage: tool_test.py BUILD_DIR"""
import gzip
import json
import os
import re
import shutil
import subprocess
import time
import unittest

import program


class PolicySize(program.ProgramTest):
    PATTERNS = ('patterns:\n  - {id: a, name: {en: Prize, zh: 大奖}, text: 点击链接领取大奖, must_match: [请点击链接领取大奖], '
                'must_not_match: [请查收账单]}\n')

    def setUp(self):
        super().setUp()
        for name, text in {'domains': 'bad.example\ncom.cn\nworse.example\n', 'callers': '17012345678\n+86170*\n',
                           'texts.yaml': self.PATTERNS, 'hosts': '0.0.0.0 a.example\n0.0.0.0 b.example\n', 'odd': '???\n!!!\n'}.items():
            self.write(name, text)

    def test_each_file_is_taken_for_what_it_holds(self):
        files = [self.path(name) for name in ('domains', 'callers', 'texts.yaml')]
        size = json.loads(self.expect(self.tool('policy', 'size', '--json', *files), 0).stdout)
        self.assertEqual([size[kind] for kind in ('domains', 'numbers', 'urls', 'patterns', 'left_out')], [2, 2, 0, 1, 1])
        self.assertGreater(size['bytes'], 0)
        self.assertGreater(size['load_seconds'], 0)
        text = self.expect(self.tool('policy', 'size', *files), 0).stdout
        self.assertIn('2 domains, 2 numbers, 0 URLs, 1 pattern\n', text)
        self.assertIn("1 entry can't be used: telefence rules lint", text)
        alone = json.loads(self.expect(self.tool('policy', 'size', '--json', *files[:2]), 0).stdout)
        self.assertLess(alone['bytes'], size['bytes'])

    def test_lists_of_others_op_lines_and_packed_ones_are_read_as_push_apply_does(self):
        self.write('ops.jsonl', '{"op":"add","kind":"domain","value":"d.example","expires":"2099-01-01T00:00:00Z"}\n{"op":"add","kind":"number","value":"+8613800001111","id":7}\n'
                                '{"op":"add","kind":"pattern","value":"转账到安全账户"}\n{"op":"add","kind":"domain","value":"com.cn"}\n')
        with gzip.open(self.path('domains.gz'), 'wt') as packed:
            packed.write(''.join(f'n{i}.example\n' for i in range(20_000)))
        files = [self.path(name) for name in ('domains', 'hosts', 'ops.jsonl', 'domains.gz')]
        size = json.loads(self.expect(self.tool('policy', 'size', '--json', *files), 0).stdout)
        self.assertEqual([size[kind] for kind in ('domains', 'numbers', 'urls', 'patterns', 'left_out')], [20_005, 1, 0, 1, 2])
        self.assertGreater(size['bytes'], 20_000 * 20)
        self.assertEqual(size['peak_bytes'], 2 * size['bytes'])
        self.assertGreater(size['load_seconds'], 0)

    def test_what_it_is_can_be_said(self):
        self.assertIn('give a file', self.expect(self.tool('policy', 'size', '-'), 2).stderr)
        self.assertIn('--kind', self.expect(self.tool('policy', 'size', self.path('odd')), 3).stderr)
        self.assertIn('--kind', self.expect(self.tool('policy', 'size', '--lang', 'zh', self.path('odd')), 3).stderr)
        self.assertIn('0 domains, 2 numbers', self.expect(self.tool('policy', 'size', '--kind', 'number', self.path('callers')), 0).stdout)


class TestVerb(program.ProgramTest):
    def judged(self, code, *arguments):
        return json.loads(self.expect(self.tool('test', *arguments, '-c', self.path('policy.yaml'), '--json'), code).stdout)

    def setUp(self):
        super().setUp()
        self.policy(mode='monitor')

    def test_blocked_domain_is_exit_code_10_and_says_which_entry_wins(self):
        out = self.judged(10, 'domain', 'WWW.Bad.example.')
        self.assertEqual(out['normalised'], [{'kind': 'domain', 'value': 'www.bad.example'}])
        self.assertTrue(out['would_block'])
        self.assertEqual([hit['signature']['value'] for hit in out['hits'] if hit['wins']][:1], ['bad.example'])
        self.assertIn('domains.txt:2', out['hits'][0]['signature']['source'])
        text = self.expect(self.tool('test', 'domain', 'www.bad.example', '-c', self.path('policy.yaml')), 10).stdout
        self.assertIn('would be blocked', text)
        self.assertIn('domains.txt:2', text)

    def test_allow_entry_wins_over_the_wider_block(self):
        out = self.judged(0, 'domain', 'www.good.bad.example')
        self.assertEqual(out['reason'], 'allowed')
        self.assertEqual(len(out['hits']), 2)

    def test_url_number_and_sms(self):
        self.judged(10, 'url', 'http://www.bad.example/pay?id=1')
        self.judged(0, 'url', 'https://fine.example/')
        self.judged(10, 'number', '+86 170 1234 5678')
        self.judged(0, 'number', '13800138000')
        self.judged(10, 'sms', '点击 http://bad.example/x 领奖')
        self.judged(10, 'sms', '您好', '--calling', '17012345678')
        self.assertIn('no telephone number', self.expect(self.tool('test', 'sms', '您好', '--calling', 'zz', '-c', self.path('policy.yaml')), 2).stderr)
        self.judged(0, 'sms', '您好，晚上一起吃饭吗')

    def test_numbers_are_read_by_the_home_country(self):
        self.policy(mode='monitor', more='  home_country: "44"\n')
        self.assertEqual(self.judged(0, 'number', '07700 900123')['normalised'][0]['value'], '+447700900123')
        # With its country code this would have 16 digits: a number of China, but none of the United Kingdom.
        self.expect(self.tool('test', 'number', '077009001234567', '-c', self.path('policy.yaml')), 2)

    def test_never_block_and_public_suffix_are_explained(self):
        self.assertIn('96110', self.judged(0, 'number', '96110')['never_block'])
        self.assertIn('public suffix', self.judged(0, 'domain', 'com.cn')['refused'])

    def test_what_is_no_number_is_usage(self):
        self.expect(self.tool('test', 'number', 'abc', '-c', self.path('policy.yaml')), 2)

    def test_chinese_by_lang_and_by_option(self):
        for extra, environment in ((['--lang', 'zh'], {}), ([], {'LANG': 'zh_CN.UTF-8'})):
            done = self.expect(self.tool('test', 'domain', 'bad.example', '-c', self.path('policy.yaml'), *extra, **environment), 10)
            self.assertIn('将被拦截', done.stdout)
            self.assertIn('仿冒网站', done.stdout)

    def test_chinese_output_has_no_english_sentence(self):
        for kind, value, code in (('domain', 'www.bad.example', 10), ('domain', 'www.good.bad.example', 0), ('domain', 'com.cn', 0),
                                  ('url', 'http://www.bad.example/pay', 10), ('number', '+8617012345678', 10), ('number', '96110', 0),
                                  ('sms', '领奖 http://bad.example/x', 10), ('sms', '您好', 0)):
            text = self.expect(self.tool('test', kind, value, '-c', self.path('policy.yaml'), '--lang', 'zh'), code).stdout
            words = set(re.findall(r'[A-Za-z]+', re.sub(r'\S*(example|com\.cn|/tmp/)\S*', '', text)))
            self.assertLessEqual(words, {'dns', 'http', 'tls', 'quic', 'smpp', 'sip'}, text)

    def test_a_daemon_that_cannot_be_asked_is_no_would_pass(self):
        for socket in (self.path('none.sock'), self.folder):
            done = self.expect(self.tool('test', 'domain', 'bad.example', '--socket', socket, '--json'), 5)
            self.assertEqual(done.stdout, '')
            self.assertIn('-c FILE', done.stderr)
            self.assertIn(socket, done.stderr)

    def test_what_holds_without_any_daemon_is_said_all_the_same(self):
        ask = lambda *value: self.expect(self.tool('test', *value, '--socket', self.path('none.sock')), 5).stderr
        self.assertIn('never blocked', ask('number', '96110'))
        self.assertIn('public suffix', ask('domain', 'com.cn'))
        self.assertNotIn('never blocked', ask('number', '13800138000'))


class NoDaemon(program.ProgramTest):
    def test_status_and_events_are_exit_code_5(self):
        for verb in ('status', 'events', 'reload'):
            done = self.expect(self.tool(verb, '--socket', self.path('none.sock')), 5)
            self.assertEqual(done.stdout, '')


class Push(program.ProgramTest):
    def redis(self):
        server = shutil.which('redis-server')
        if server is None:
            self.skipTest('redis-server is not installed')
        socket = self.path('redis.sock')
        process = subprocess.Popen([server, '--port', '0', '--unixsocket', socket, '--save', '', '--dir', self.folder],
                                   stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        end = time.monotonic() + 20
        while not os.path.exists(socket) and time.monotonic() < end:
            time.sleep(0.02)
        return 'unix:' + socket

    def test_sequence_goes_up_with_every_change(self):
        redis = self.redis()
        sequences = []
        for arguments in (['add', 'domain', 'fresh-scam.example', '--category', 'phishing', '--tier', '1', '--expires', '7d'],
                          ['add', 'number', '+86170*', '--category', 'spoofed-caller', '--note', 'x'],
                          ['add', 'pattern', '安全账户.{0,20}转账', '--match', 'regex', '--category', 'fake-police', '--shadow'],
                          ['remove', 'domain', 'fresh-scam.example']):
            done = self.expect(self.tool('push', *arguments, '--redis', redis, '--json'), 0)
            sequences.append(json.loads(done.stdout)['seq'])
        self.assertEqual(sequences, [1, 2, 3, 4])
        self.assertIn('5', self.expect(self.tool('push', 'add', 'domain', 'x.example', '--category', 'other', '--redis', redis), 0).stdout)

    def test_what_every_edge_would_refuse_is_not_pushed(self):
        for arguments, word in ((['domain', 'com.cn'], 'public suffix'), (['number', '96110'], '96110'),
                                (['pattern', '(unclosed', '--match', 'regex'], 'compile'),
                                (['domain', 'not a domain'], 'a domain name has no blanks')):
            done = self.expect(self.tool('push', 'add', *arguments, '--category', 'phishing', '--redis',
                                         'unix:' + self.path('none.sock')), 3)
            self.assertIn(word, done.stderr)

    def test_redis_away_is_exit_code_5(self):
        done = self.tool('push', 'add', 'domain', 'x.example', '--category', 'phishing', '--redis', 'unix:' + self.path('none.sock'))
        self.expect(done, 5)

    def test_expiry_must_be_a_moment_to_come(self):
        for when in ('yesterday', '2001-01-01T00:00:00Z', '7 days'):
            self.expect(self.tool('push', 'add', 'domain', 'x.example', '--category', 'phishing', '--expires', when, '--redis',
                                  'unix:' + self.path('none.sock')), 2)


if __name__ == '__main__':
    program.main()
