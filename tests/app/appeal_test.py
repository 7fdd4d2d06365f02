# SPDX-License-Identifier: Apache-2.0
"""Against over-blocking, with a real redis-server and a running telefenced: protected names. Usage: appeal_test.py BUILD_DIR"""
import json
import pathlib
import unittest

import edge
import feed_test
import program


class AppealTest(program.ProgramTest):
    def push(self, *arguments, code=0):
        return self.expect(self.tool('push', *arguments, '--redis', 'unix:redis.sock'), code)


class ProtectedNames(AppealTest):
    def setUp(self):
        super().setUp()
        self.names = self.write('needed.txt', '# all need them\nbank.example.cn\n')

    def test_no_push_and_no_batch_blocks_one(self):
        feed_test.Redis(self)
        self.edge = edge.Edge(self, 'e1', '  server: "unix:redis.sock"\n  accept_unsigned: true', policy=', protected: [needed.txt]')
        add = ('add', 'domain', '--category', 'phishing', 'bank.example.cn')
        for value in ('bank.example.cn', 'WWW.bank.example.cn', 'example.cn'):
            done = self.push('add', 'domain', value, '--category', 'phishing', '--protected', 'needed.txt', code=3)
            self.assertIn('protected name', done.stderr)
        self.assertIn('受保护的域名', self.push(*add, '--protected', 'needed.txt', '--lang', 'zh', code=3).stderr)
        self.assertIn('needed.non', self.push(*add, '--protected', 'needed.non', code=2).stderr)
        # Somebody whose list is another one: the edge has the last word.
        self.push(*add, '--protected', 'off')
        self.push('add', 'domain', 'fake.bank.example.cn', '--category', 'phishing', '--protected', 'needed.txt')
        self.edge.becomes(True, 'domain', 'fake.bank.example.cn')
        self.assertFalse(self.edge.blocks('domain', 'bank.example.cn'))
        self.assertFalse(self.edge.blocks('domain', 'login.bank.example.cn'))
        self.assertIn('protected name', json.dumps(self.edge.feed()['complaints']))
        told = self.tool('test', 'domain', 'bank.example.cn', '--socket', 'e1.sock')
        self.assertIn('no list may name it: bank.example.cn is a protected name', told.stdout)

    def test_lists_are_told_of_and_counted(self):
        self.write('feed.txt', 'scam.example\nbank.example.cn\nwww.bank.example.cn\nfake.bank.example.cn\n')
        done = self.expect(self.tool('rules', 'lint', 'feed.txt', '--protected', 'needed.txt'), 3)
        self.assertIn('protected 2', done.stdout + done.stderr)
        told = json.loads(self.expect(self.tool('rules', 'lint', 'feed.txt', '--json', TELEFENCE_PROTECTED='needed.txt'), 3).stdout)
        self.assertEqual((told['total']['protected'], told['total']['accepted']), (2, 2))

    def test_check_reads_the_list_beside_the_configuration_and_names_its_mistakes(self):
        self.write('domains.txt', 'scam.example\nbank.example.cn\n')
        config = '''
version: 1
ports: [{name: a, device: net_null0}]
mirror: [a]
policy: {lists: [{file: domains.txt, kind: domain}]%s}
'''
        file = self.write('check.yaml', config % '')
        self.assertNotIn('protected', self.expect(self.daemon('check', file), 0).stderr)
        self.write('protected-domains.txt', 'bank.example.cn\n')
        self.assertIn('%s:2: "bank.example.cn": bank.example.cn is a protected name' % self.path('domains.txt'),
                      self.expect(self.daemon('check', file), 3).stderr)
        file = self.write('check.yaml', config % ', protected: []')
        self.expect(self.daemon('check', file), 0)
        self.write('broken.txt', 'fine.example\nhttp://x\n')
        file = self.write('check.yaml', config % ', protected: [broken.txt]')
        done = self.expect(self.daemon('check', file), 3)
        self.assertIn('%s:2: "http://x" is no domain name' % self.path('broken.txt'), done.stderr)

    def test_the_bundled_list_is_taken_by_the_example_configuration(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        self.write('domains.txt', 'icbc.com.cn\nbaidu.com\nscam.example\n')
        done = self.tool('rules', 'lint', 'domains.txt', '--protected', str(root / 'config' / 'protected-domains.txt'), '--json')
        self.assertEqual(json.loads(self.expect(done, 3).stdout)['total']['protected'], 2)


if __name__ == '__main__':
    program.main()
