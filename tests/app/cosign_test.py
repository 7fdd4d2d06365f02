# SPDX-License-Identifier: Apache-2.0
"""Snapshots that two have to sign, as the centre's people make and check them. Usage: cosign_test.py BUILD_DIR"""
import json
import os
import subprocess

import edge
import feed_test
import program

REDIS = '''  server: "unix:redis.sock"
  snapshot_signers: 2
  snapshot_spread: 0s
  signers:
    - {key: centre.pub}
    - {key: maker.pub, sources: [nobody], may_snapshot: true}
    - {key: checker.pub, sources: [nobody], may_snapshot: true}
'''


class Cosign(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.redis = feed_test.Redis(self)
        for name in ('centre', 'maker', 'checker'):
            self.expect(self.tool('keys', 'new', name), 0)
        self.config = self.write('edge.yaml', edge.CONFIG % {'name': 'x', 'redis': REDIS, 'policy': ''})

    def push(self, value):
        self.expect(self.tool('push', 'add', 'domain', value, '--category', 'phishing', '--key', 'centre.key', '--redis', 'unix:redis.sock'), 0)

    def snapshot(self, *more):
        return self.tool('snapshot', '-c', self.config, '--redis', 'unix:redis.sock', *more)

    def test_one_makes_it_and_another_signs(self):
        self.expect(self.snapshot('--key', 'checker.key', '--cosign'), 2)
        self.push('a.example')
        self.expect(self.snapshot('--key', 'maker.key'), 0)
        self.assertFalse(json.loads(self.expect(self.snapshot('--key', 'maker.key', '--json'), 0).stdout)['made'])
        done = self.expect(self.snapshot('--key', 'checker.key', '--cosign'), 0)
        self.assertIn('snapshot 1 says what the log says (1 entry compared), and is signed by 2 now', done.stdout)
        self.assertIn('快照 1 已有此签名', self.expect(self.snapshot('--key', 'checker.key', '--cosign', '--lang', 'zh'), 0).stdout)
        self.assertFalse(json.loads(self.expect(self.snapshot('--key', 'checker.key', '--cosign', '--json'), 0).stdout)['signed'])
        self.redis.ask('XTRIM', 'tf:1:log', 'MAXLEN', '0')
        one = edge.Edge(self, 'x', REDIS)
        one.becomes(True, 'domain', 'a.example')
        self.assertEqual(one.feed()['snapshot'], 1)

    def test_as_a_service(self):
        service = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefence'), 'snapshot', '-c', self.config, '--redis', 'unix:redis.sock', '--key',
                                    'checker.key', '--cosign', '--every', '1s', '--json'], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(service.stdout.close)
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        for number in (1, 2):
            self.push('n%d.example' % number)
            self.expect(self.snapshot('--key', 'maker.key'), 0)
            told = json.loads(service.stdout.readline())
            self.assertEqual((told['seq'], told['signed'], told['begun_with'], told['entries']), (number, True, number - 1, number))

    def test_mistakes_are_told(self):
        self.assertIn('add --key FILE, of a signer with may_snapshot: true', self.snapshot('--cosign').stderr)
        self.config = self.write('any.yaml', edge.CONFIG % {'name': 'x', 'redis': REDIS + '  accept_unsigned: true\n', 'policy': ''})
        self.assertIn('--cosign needs --key FILE', self.snapshot('--cosign').stderr)
        self.assertIn('--cosign 需要 --key', self.snapshot('--cosign', '--lang', 'zh').stderr)
        wrong = self.write('wrong.yaml', edge.CONFIG % {'name': 'x', 'redis': REDIS.replace('signers: 2', 'signers: 3'), 'policy': ''})
        self.assertIn('a snapshot needs the signatures of 3, and 2 of redis.signers may_snapshot', self.daemon('check', wrong).stderr)


if __name__ == '__main__':
    program.main()
