# SPDX-License-Identifier: Apache-2.0
"""Keys, signatures, two signers and audit files, from the tool to a running daemon. Usage: trust_test.py BUILD_DIR"""
import json
import os
import pathlib
import stat
import subprocess
import unittest

import edge
import feed_test
import program

SIGNED = '''  server: "unix:redis.sock"
  signers:
    - {key: centre.pub, may_be_wide: true}
    - {key: police.pub, may_be_wide: true}
    - {key: vendor.pub, sources: [vendor], kinds: [domain], operations: [add]}
'''
ADD = ('add', 'domain', 'fresh-scam.example', '--category', 'phishing')


class Keys(program.ProgramTest):
    def test_a_pair_is_made_once_and_shown(self):
        made = json.loads(self.expect(self.tool('keys', 'new', 'centre', '--json'), 0).stdout)
        self.assertEqual(stat.S_IMODE(os.stat(self.path('centre.key')).st_mode), 0o600)
        before = pathlib.Path(self.path('centre.key')).read_text()
        self.assertIn('never overwritten', self.expect(self.tool('keys', 'new', 'centre'), 2).stderr)
        self.assertEqual(pathlib.Path(self.path('centre.key')).read_text(), before)
        for file in ('centre.pub', 'centre.key'):
            shown = json.loads(self.expect(self.tool('keys', 'show', file, '--json'), 0).stdout)
            self.assertEqual((shown['id'], shown['public']), (made['id'], made['public']))
        self.assertIn(made['id'], self.expect(self.tool('keys', 'show', 'centre.pub'), 0).stdout)
        secret = before.split('secret: ')[1].strip()
        self.assertNotIn(secret, self.tool('keys', 'show', 'centre.key').stdout)
        self.expect(self.tool('keys', 'show', 'nobody.pub'), 4)
        self.assertIn('公钥', self.expect(self.tool('keys', 'new', 'other', '--lang', 'zh'), 0).stdout)

    def test_openssl_agrees_with_a_signature(self):
        """docs/signatures.md says how; with nothing of ours but the key's bytes."""
        feed_test.Redis(self)
        self.tool('keys', 'new', 'centre')
        self.expect(self.tool('push', *ADD, '--key', 'centre.key', '--redis', 'unix:redis.sock'), 0)
        ask = ['redis-cli', '-s', self.path('redis.sock'), 'EVAL',
               "local e = redis.call('XRANGE','tf:1:log','-','+')[1][2] local t = {} for i=1,#e,2 do t[e[i]]=e[i+1] end "
               "return {#t.h .. ':' .. t.h .. t.b, t.s}", '0']
        raw = subprocess.run(ask, capture_output=True, check=True).stdout
        message, signature = raw.rsplit(b'\n', 3)[0], raw.rsplit(b'\n', 3)[1].decode()
        hashed = subprocess.run(['sha256sum'], input=message, capture_output=True, check=True).stdout.decode().split()[0]
        pathlib.Path(self.path('message')).write_text('telefence-batch-1:' + hashed)
        pathlib.Path(self.path('signature')).write_bytes(bytes.fromhex(signature.split()[1]))
        public = json.loads(self.tool('keys', 'show', 'centre.pub', '--json').stdout)['public']
        pathlib.Path(self.path('key.der')).write_bytes(bytes.fromhex('302a300506032b6570032100' + public))
        verify = ['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', 'key.der', '-keyform', 'DER', '-rawin', '-in', 'message', '-sigfile', 'signature']
        self.assertIn(b'Verified Successfully', subprocess.run(verify, capture_output=True, check=True, cwd=self.folder).stdout)


class Signed(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.redis = feed_test.Redis(self)
        for name in ('centre', 'police', 'vendor', 'stranger'):
            self.expect(self.tool('keys', 'new', name), 0)
        self.edge = edge.Edge(self, 'edge', SIGNED)

    def push(self, *arguments, code=0):
        return self.expect(self.tool('push', *arguments, '--redis', 'unix:redis.sock'), code)

    def test_only_what_a_known_key_signed_blocks(self):
        self.assertIn('it is not signed: edges take it only with redis.accept_unsigned: true; --key FILE', self.push(*ADD).stderr)
        edge.until(self, lambda: self.edge.feed()['refusals']['unsigned'] == 1, 'refusal')
        self.push(*ADD, '--key', 'stranger.key')
        edge.until(self, lambda: self.edge.feed()['refusals']['unknown_signer'] == 1, 'refusal')
        self.push(*ADD, '--key', 'vendor.key', '--source', 'city')
        edge.until(self, lambda: self.edge.feed()['refusals']['not_allowed'] == 1, 'refusal')
        self.assertFalse(self.edge.blocks('domain', 'fresh-scam.example'))
        self.assertIn('refused', ' '.join(self.edge.status()['reasons']))
        self.assertEqual(self.edge.metric('telefence_policy_batches_refused_total{reason="unsigned"}'), 1)
        text = self.expect(self.tool('status', '--lang', 'zh', '--socket', 'edge.sock'), 0).stdout
        self.assertIn('启动以来拒绝 3 个批次', text)
        self.assertIn('vendor 不得代表来源“city”', text)
        self.push(*ADD, '--key', 'vendor.key', '--source', 'vendor')
        self.edge.becomes(True, 'domain', 'www.fresh-scam.example')
        self.push('remove', 'domain', 'fresh-scam.example', '--key', 'centre.key')
        self.edge.becomes(False, 'domain', 'www.fresh-scam.example')
        self.assertEqual(self.edge.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})
        self.push('withdraw', 'vendor', '--kind', 'domain', '--key', 'vendor.key')
        edge.until(self, lambda: self.edge.feed()['refusals']['not_allowed'] == 2, 'refusal')
        self.assertRegex(self.edge.feed()['last_refusal'], r'vendor may not replace-list: replace-list domain \(\S')

    def test_who_pushes_without_a_key_is_told(self):
        told = 'accept_unsigned: true; --key FILE'
        self.write('ops.jsonl', '{"op":"add","kind":"domain","value":"a.example","source":"vendor"}\n')
        for words in (ADD, (*ADD, '--json'), ('remove', 'domain', 'a.example'), ('withdraw', 'vendor'), ('apply', 'ops.jsonl')):
            self.assertIn(told, self.push(*words).stderr, words)
            self.assertNotIn(told, self.push(*words, '--key', 'centre.key').stderr, words)
        self.assertIn(told, self.expect(self.tool('release', 'a.example', '--for', '1h', '--redis', 'unix:redis.sock'), 0).stderr)
        self.assertIn('未签名：只有 redis.accept_unsigned: true 的节点才采用', self.push(*ADD, '--lang', 'zh').stderr)

    def test_a_snapshot_that_no_edge_takes_is_not_made(self):
        self.push(*ADD, '--key', 'centre.key')
        make = ('snapshot', '-c', self.edge.file, '--trim-older', '1s', '--redis', 'unix:redis.sock')
        self.assertIn('--key FILE', self.expect(self.tool(*make), 3).stderr)
        self.assertIn('may_snapshot: true', self.expect(self.tool(*make, '--key', 'vendor.key'), 3).stderr)
        self.assertIn('不接受无签名的快照', self.expect(self.tool(*make, '--lang', 'zh'), 3).stderr)

    def test_the_command_line_counts_before_the_environment(self):
        for words in (ADD, ('remove', 'domain', 'fresh-scam.example')):
            for more in (('--redis', 'unix:nobody.sock'), ('--key', 'nobody.key')):
                done = self.tool('push', *words, *more, TELEFENCE_REDIS='unix:redis.sock', TELEFENCE_KEY='centre.key')
                self.assertNotEqual(done.returncode, 0, (words, more, done.stdout))

    def test_a_wide_entry_needs_two(self):
        wide = ('add', 'number', '+86170*', '--category', 'spoofed-caller')
        self.assertIn('--second-key', self.push(*wide, '--key', 'centre.key', code=3).stderr)
        self.push(*wide, '--key', 'centre.key', '--second-key', 'centre.key', code=2)
        self.push(*wide, '--key', 'centre.key', '--second-key', 'police.key')
        text = ('add', 'pattern', '验证码', '--category', 'phishing', '--key', 'centre.key')
        self.assertIn('a pattern that hits 9 of 256 everyday messages', self.push(*text, code=3).stderr)
        self.assertIn('命中 256 条日常短信中 9 条的文本特征', self.push(*text, '--lang', 'zh', code=3).stderr)
        # An edge, too, asks for two, whatever the tool was told.
        self.push(*text, '--wide-percent', '100')
        edge.until(self, lambda: self.edge.feed()['refusals']['needs_second'] == 1, 'refusal')
        self.assertFalse(self.edge.blocks('sms', '您的验证码是482913'))
        self.push(*text, '--second-key', 'police.key')
        self.edge.becomes(True, 'sms', '您的验证码是482913')
        self.edge.becomes(True, 'number', '17012345678')
        # Two people, two machines.
        self.push('add', 'number', '+86171*', '--category', 'spoofed-caller', '--key', 'centre.key', '--for-cosign', 'wide.json')
        self.assertFalse(self.edge.blocks('number', '17112345678'))
        shown = self.push('cosign', 'wide.json').stdout
        for part in ('add number +86171*', 'a prefix of 5 digits, fewer than 7', 'good until 20', 'telefence push cosign wide.json --key FILE'):
            self.assertIn(part, shown)
        shown = self.push('cosign', 'wide.json', '--lang', 'zh').stdout
        for part in ('新增 号码 +86171*', '这属于“5 位前缀，少于 7 位”', '有效期至 20'):
            self.assertIn(part, shown)
        self.push('cosign', 'wide.json', '--key', 'centre.key', code=2)
        self.push(*ADD, '--key', 'centre.key')  # the log goes on in between
        self.push('cosign', 'wide.json', '--key', 'police.key')
        self.edge.becomes(True, 'number', '17112345678')
        # Once: what is taken back stays away.
        self.push('remove', 'number', '+86171*', '--key', 'centre.key')
        self.edge.becomes(False, 'number', '17112345678')
        told = self.push('cosign', 'wide.json', '--key', 'police.key', code=3).stderr
        self.assertIn('wide.json was published already, as batch 5', told)
        self.assertIn('if edges refused that one (telefence push status --seq 5), let it be proposed again', told)
        self.assertIn('wide.json 已作为批次 5 下发过', self.push('cosign', 'wide.json', '--key', 'police.key', '--lang', 'zh', code=3).stderr)
        # What was approved is what is published.
        self.push('add', 'number', '+86173*', '--category', 'spoofed-caller', '--key', 'centre.key', '--for-cosign', 'other.json')
        proposal = json.loads(pathlib.Path(self.path('other.json')).read_text())
        proposal['lines'] = [line.replace('173*', '13*') for line in proposal['lines']]
        self.write('forged.json', json.dumps(proposal))
        for more in ((), ('--key', 'police.key')):
            self.push('cosign', 'forged.json', '--approver', 'centre.pub', *more, code=3)
        self.push('cosign', 'forged.json', '--key', 'police.key')
        edge.until(self, lambda: self.edge.feed()['refusals']['wrong_signature'] == 1, 'refusal')
        self.assertFalse(self.edge.blocks('number', '13812345678'))

    def proposal(self, name='wide.json', **changed):
        """A proposal of centre's, perhaps changed afterwards."""
        self.push('add', 'number', '+86171*', '--category', 'spoofed-caller', '--key', 'centre.key', '--for-cosign', 'made.json')
        told = json.loads(pathlib.Path(self.path('made.json')).read_text())
        os.remove(self.path('made.json'))
        self.write(name, json.dumps({**told, **changed}))
        return {**told, **changed}

    def test_a_look_claims_only_what_was_checked(self):
        self.proposal()
        told = self.push('cosign', 'wide.json').stdout
        self.assertIn("not checked: --approver FILE with the first signer's .pub does", told)
        self.assertIn('as the file says', told)
        self.assertIn('未核对', self.push('cosign', 'wide.json', '--lang', 'zh').stdout)
        told = self.push('cosign', 'wide.json', '--approver', 'centre.pub').stdout
        self.assertIn('approved by centre, key ', told)
        self.assertIn('checked with centre.pub', told)
        self.assertNotIn('not checked', told)
        said = self.push('cosign', 'wide.json', '--approver', 'vendor.pub', code=3)
        self.assertIn('the approval is of the key ', said.stderr)
        self.assertEqual(said.stdout, '')
        self.push('cosign', 'wide.json', '--approver', 'nobody.pub', code=4)
        # Another value under the same approval, for the look and for the publication.
        edited = self.proposal('edited.json', lines=['{"op":"add","kind":"number","value":"+8613*","category":"loan","level":1,"source":"x"}'])
        for more in ((), ('--key', 'police.key')):
            said = self.push('cosign', 'edited.json', '--approver', 'centre.pub', *more, code=3)
            self.assertIn('this is not what the key %s approved' % edited['approval'].split()[0], said.stderr)
            self.assertIn('这不是密钥', self.push('cosign', 'edited.json', '--approver', 'centre.pub', *more, '--lang', 'zh', code=3).stderr)
        self.assertEqual(self.redis.ask('XLEN', 'tf:1:log').strip(), '0')
        self.push('cosign', 'wide.json', '--approver', 'centre.pub', '--key', 'police.key')
        self.edge.becomes(True, 'number', '17112345678')

    def test_an_approval_that_is_over_is_called_so(self):
        key, value, until = self.proposal()['approval'].split()
        self.proposal('old.json', approval='%s %s %d' % (key, value, int(until) - 90000))
        told = self.push('cosign', 'old.json').stdout
        self.assertIn('over since 20', told)
        self.assertNotIn('If it is right', told)
        self.assertIn('已于 20', self.push('cosign', 'old.json', '--lang', 'zh').stdout)

    def test_whatever_stands_in_a_proposal_is_shown(self):
        """Lines that are valid without a value, and texts that a terminal would obey."""
        pattern = '{"op":"add","kind":"pattern","value":null,"match":null,"any":["安全账户","转账"],"category":"loan","level":1,"source":"x"}'
        self.proposal('words.json', lines=[pattern])
        told = self.push('cosign', 'words.json').stdout
        self.assertIn('add pattern', told)
        self.assertIn('安全账户', told)
        url = json.dumps({'op': 'add', 'kind': 'pattern', 'value': '\x1b[2Jsafe\u202etext', 'category': 'loan', 'level': 1}, ensure_ascii=False)
        self.proposal('esc.json', lines=[url], publisher='me\x1b]0;x\x07\n', key_name='\u2066k')
        told = self.push('cosign', 'esc.json').stdout
        for part in ('\x1b', '\x07', '\u202e', '\u2066'):
            self.assertNotIn(part, told)
        self.assertIn('\\x1b[2Jsafe\\u{202e}text', told)
        # A publication says what it has published, too.
        self.push('cosign', 'words.json', '--key', 'police.key')

    def test_what_is_no_audit_file_is_not_shown(self):
        self.write('list.txt', 'bad.example\nworse.example\n')
        done = self.tool('audit', 'show', 'list.txt')
        self.expect(done, 3)
        self.assertIn('list.txt is no audit file', done.stderr)
        self.assertIn('list.txt 不是审计文件', self.tool('audit', 'show', 'list.txt', '--lang', 'zh').stderr)
        self.write('empty.jsonl', '')
        self.assertEqual(self.expect(self.tool('audit', 'show', 'empty.jsonl'), 0).stdout, '')

    def test_an_audit_file_is_shown_without_being_obeyed(self):
        self.write('a.jsonl', '{"at":"now","what":"pushed\\u001b[31m","who":null,"why":"x\\u202e\\u009by","changes":[{"op":null,"value":7}],"prev":""}\nno \x1b[31mJSON\n')
        told = self.expect(self.tool('audit', 'show', 'a.jsonl'), 0).stdout
        for part in ('\x1b', '\u202e', '\u009b'):
            self.assertNotIn(part, told)
        self.assertIn('pushed\\x1b[31m', told)

    def test_a_release_of_a_wide_entry_needs_two(self):
        self.push('add', 'number', '+86170*', '--category', 'spoofed-caller', '--key', 'centre.key', '--second-key', 'police.key')
        self.edge.becomes(True, 'number', '17012345678')
        release = ('release', '+86170*', '--kind', 'number', '--for', '1h', '--redis', 'unix:redis.sock', '--socket', 'edge.sock', '--key', 'centre.key')
        self.assertIn('add --second-key FILE', self.expect(self.tool(*release), 3).stderr)
        self.expect(self.tool(*release, '--second-key', 'police.key'), 0)
        self.edge.becomes(False, 'number', '17012345678')
        self.expect(self.tool(*release, '--for-cosign', 'release.json'), 0)
        self.assertNotIn('lets it through', self.expect(self.tool(*release, '--for-cosign', 'again.json'), 0).stderr)

    def test_what_looks_like_an_expression_says_what_it_is(self):
        text = ('add', 'pattern', '安全.{1,3}账户', '--category', 'phishing', '--key', 'centre.key')
        self.push(*text, '--match', 'regex')
        self.edge.becomes(True, 'sms', '安全的账户')
        self.assertIn('--match regex or --match text', self.push(*text, code=2).stderr)
        self.assertIn('请用 --match regex 或 --match text 说明', self.push(*text, '--lang', 'zh', code=2).stderr)
        self.assertTrue(self.edge.blocks('sms', '安全的账户'))

    def test_both_sides_can_prove_who_did_what(self):
        self.push(*ADD, '--key', 'centre.key', '--note', 'case 7')
        self.push('remove', 'domain', 'fresh-scam.example', '--key', 'police.key', '--audit', 'centre.audit.jsonl')
        self.push(*ADD)
        edge.until(self, lambda: self.edge.feed()['batches_refused'] == 1, 'refusal')
        self.expect(self.tool('reload', '--socket', 'edge.sock'), 0)
        ids = {name: json.loads(self.tool('keys', 'show', name + '.pub', '--json').stdout)['id'] for name in ('centre', 'police')}
        here = [json.loads(line) for line in self.expect(self.tool('audit', 'show', 'centre.audit.jsonl', '--json'), 0).stdout.splitlines()]
        self.assertEqual([(line['what'], line['seq'], line['keys']) for line in here],
                         [('pushed', 1, [ids['centre']]), ('pushed', 2, [ids['police']])])
        self.assertEqual(here[0]['changes'][0]['note'], 'case 7')
        there = [json.loads(line) for line in pathlib.Path(self.path('edge.state/audit.jsonl')).read_text().splitlines()]
        self.assertEqual([line['what'] for line in there], ['started', 'applied', 'applied', 'refused', 'reload'])
        self.assertEqual([line['hash'] for line in there if line['what'] == 'applied'], [line['hash'] for line in here])
        for file in ('centre.audit.jsonl', 'edge.state/audit.jsonl'):
            head = json.loads(self.expect(self.tool('audit', 'verify', file, '--json'), 0).stdout)['head']
            self.expect(self.tool('audit', 'verify', file, '--head', head), 0)
        text = pathlib.Path(self.path('edge.state/audit.jsonl')).read_text()
        self.write('forged.jsonl', text.replace('"what":"refused"', '"what":"applied"'))
        self.assertIn('forged.jsonl:5', self.expect(self.tool('audit', 'verify', 'forged.jsonl'), 3).stdout)
        self.write('shorter.jsonl', ''.join(text.splitlines(True)[:-1]))
        self.expect(self.tool('audit', 'verify', 'shorter.jsonl'), 0)
        self.expect(self.tool('audit', 'verify', 'shorter.jsonl', '--head', head), 3)
        self.assertIn('refused', self.expect(self.tool('audit', 'show', 'edge.state/audit.jsonl'), 0).stdout)

    def test_a_push_that_could_not_be_audited_is_not_made(self):
        self.push(*ADD, '--key', 'centre.key', '--audit', '/proc/nowhere', code=4)
        self.assertEqual(self.redis.ask('EXISTS', 'tf:1:log').strip(), '0')

    def test_a_restart_without_redis_keeps_what_was_pushed(self):
        self.push(*ADD, '--key', 'centre.key')
        self.edge.becomes(True, 'domain', 'fresh-scam.example')
        self.edge.stop()
        self.redis.stop()
        self.edge.start()
        self.edge.becomes(True, 'domain', 'fresh-scam.example')
        self.assertFalse(self.edge.feed()['connected'])
        edge.until(self, lambda: self.edge.feed()['sequence'] == 1, 'place in the log')  # told after what is in force


if __name__ == '__main__':
    program.main()
