# SPDX-License-Identifier: Apache-2.0
"""What the tool says to somebody who meets it for the first time, in both languages. Usage: messages_test.py BUILD_DIR"""
import json
import os
import socket
import threading
import time

import edge
import feed_test
import program

REDIS = ('--redis', 'unix:redis.sock')
NAME = ('add', 'domain', 'scam.example', '--category', 'phishing')
NOWHERE = ('--redis', 'unix:none.sock')


class WithoutServer(program.ProgramTest):
    def said(self, *arguments, code=2):
        return self.expect(self.tool(*arguments), code).stderr

    def test_a_public_key_is_no_reason_to_guard_a_file(self):
        for name in ('centre', 'police'):
            self.expect(self.tool('keys', 'new', name), 0)
        for option, keys in (('--key', ('--key', 'centre.pub')), ('--second-key', ('--key', 'centre.key', '--second-key', 'police.pub'))):
            said = self.said('push', *NAME, *NOWHERE, *keys)
            self.assertIn('%s: %s is the public half of the key ' % (option, keys[-1]), said)
            self.assertIn('which ends with .key', said)
            self.assertNotIn('chmod', said)
            self.assertIn('的公钥部分：请指定其私钥文件', self.said('push', *NAME, *NOWHERE, *keys, '--lang', 'zh'))
        os.chmod(self.path('centre.key'), 0o644)
        self.assertIn('chmod 600 centre.key', self.said('push', *NAME, *NOWHERE, '--key', 'centre.key', code=4))

    def test_help_of_a_removal_says_whose_word_ends(self):
        self.assertIn('only what this source has said ends', self.expect(self.tool('push', 'remove', '--help'), 0).stdout)
        self.assertIn('只撤回此来源下发的', self.expect(self.tool('push', 'remove', '--help', '--lang', 'zh'), 0).stdout)
        self.assertIn('who says so', self.expect(self.tool('push', 'add', '--help'), 0).stdout)

    def test_an_empty_value_is_called_so(self):
        for kind in ('domain', 'url', 'number', 'sms'):
            for more in ((), ('-c', self.policy())):
                self.assertIn('the value is empty', self.said('test', kind, ' ', *more))
        self.assertIn('值为空', self.said('test', 'domain', '', '--lang', 'zh'))

    def test_where_records_are_can_be_said(self):
        if os.path.exists('/etc/telefence/telefence.yaml'):
            self.skipTest('telefence is installed here')
        self.assertIn('name their file with --events FILE, or with -c CONFIG', self.said('explain', '--id', 'x'))
        self.assertIn('请用 --events 文件 指定', self.said('explain', '--id', 'x', '--lang', 'zh'))
        file = self.write('e.yaml', edge.CONFIG % {'name': 'e', 'policy': '', 'redis': '  server: "unix:redis.sock"\n  accept_unsigned: true'})
        self.assertIn('e.yaml writes its records into no file', self.said('explain', '--id', 'x', '-c', file))
        self.assertIn('未把记录写入文件', self.said('explain', '--id', 'x', '-c', file, '--lang', 'zh'))

    def test_a_pattern_is_not_more_specific_than_another(self):
        self.write('patterns.yaml', '''
category: fake-police
source: test
patterns:
  - {id: first, tier: 1, name: {en: x, zh: x}, text: 安全账户, must_match: [安全账户], must_not_match: [好]}
  - {id: second, tier: 2, name: {en: x, zh: x}, text: 转到安全账户, must_match: [转到安全账户], must_not_match: [好]}
''')
        file = self.policy(more='  patterns: [patterns.yaml]\n')
        ask = ('test', 'sms', program.FRAUD, '-c', file)
        said = self.expect(self.tool(*ask), 10).stdout
        self.assertIn('a graver entry wins, and of equally grave ones', said)
        self.assertNotIn('specific', said)
        self.assertIn('更严重的条目优先', self.expect(self.tool(*ask, '--lang', 'zh'), 10).stdout)

    def test_refusals_are_chinese_to_their_end(self):
        push = lambda *value: self.said('push', 'add', *value, '--category', 'phishing', *NOWHERE, '--lang', 'zh', code=3)
        self.assertIn('96110 永不拦截：反诈预警劝阻专线', push('number', '96110'))
        self.assertIn('xyz 是顶级域：其下所有网站都会被拦截', push('domain', 'xyz'))
        self.assertIn('该特征过于宽泛，无论谁签名都不采用：它命中', push('pattern', '[您的]', '--match', 'regex'))
        for name in ('xyz', 'com.cn'):
            self.assertIn('其下所有网站都会被拦截', self.expect(self.tool('test', 'domain', name, '-c', self.policy(), '--lang', 'zh'), 0).stdout)


    def test_a_wide_entry_is_refused_in_chinese_to_the_end(self):
        self.expect(self.tool('keys', 'new', 'k'), 0)
        more = ('--key', 'k.key', '--lang', 'zh')
        number = '这属于“5 位前缀，少于 7 位”，节点只接受两人签名：请加 --second-key 文件'
        self.assertIn(number, self.said('push', 'add', 'number', '+86170*', '--category', 'spoofed-caller', *NOWHERE, *more, code=3))
        self.assertIn(number, self.said('release', '+86170*', '--for', '1h', *NOWHERE, *more, code=3))
        self.assertIn('这属于“命中 256 条日常短信中 9 条的文本特征', self.said('push', 'add', 'pattern', '验证码', '--category', 'phishing', *NOWHERE, *more, code=3))
        self.assertIn('这属于“整个顶级域”', self.said('push', 'add', 'domain', 'xyz', '--allow', *NOWHERE, *more, code=3))

    def test_what_is_empty_is_no_value(self):
        """A variable of the shell that is not set: withdraw would take the publisher's own name for it."""
        cases = [(('push', 'withdraw', '', *NOWHERE), 'source'), (('push', 'withdraw', 'vendor', '--redis', ''), '--redis'), (('push', 'cosign', ''), 'file'),
                 (('push', 'apply', 'x', '--source', ''), '--source'), (('push', 'status', '--log', ''), '--log'), (('release', 'x.example', '--for', ''), '--for')]
        cases += [(('push', *NAME, *NOWHERE, option, ''), option) for option in ('--source', '--key', '--second-key', '--log', '--audit', '--for-cosign', '--protected')]
        cases += [(('push', 'withdraw', 'vendor', *NOWHERE, '%s=' % option), option) for option in ('--key', '--audit', '--log', '--redis')]
        cases += [(('push', 'cosign', 'x.json', option, ''), option) for option in ('--approver', '--key')]
        for words, name in cases:
            self.assertIn('%s: the value is empty: is a variable of the shell not set?' % name, self.said(*words))
            self.assertIn('%s: 值为空：是否有 shell 变量未设置？' % name, self.said(*words, '--lang', 'zh'))
        # In the environment it is as if it was not set.
        done = self.tool('push', 'withdraw', 'vendor', *NOWHERE, TELEFENCE_KEY='', TELEFENCE_AUDIT='', TELEFENCE_REDIS_USER='')
        self.assertIn("can't connect", self.expect(done, 5).stderr)

    def test_a_daemon_that_says_nonsense_ends_nothing(self):
        """Another version, or another program on that socket."""
        nonsense = {key: None for key in ('node', 'mode', 'feed', 'bypass', 'hits', 'versions', 'error', 'code', 'reasons', 'needs_restart', 'packets', 'mistakes', 'in_force')}
        told = [{}, {**nonsense, 'ports': [None, 7, {'name': 1, 'received': 'x'}], 'channels': {'dns': None}, 'signatures': 7, 'records': [], 'verdicts': 'x',
                     'normalised': [1], 'complaints': [None], 'feed': {'connected': 'x', 'sequence': -1, 'problem': []}, 'uptime_s': 'x', 'reasons': [1]}]
        served = socket.socket(socket.AF_UNIX)
        self.addCleanup(served.close)
        served.bind(self.path('daemon.sock'))
        served.listen(8)
        verbs = (('status',), ('policy', 'versions'), ('policy', 'rollback', '1'), ('reload',), ('bypass', 'status'), ('test', 'domain', 'x.example'))
        for answer in ({'ok': ok, **one} for one in told for ok in (True, None)):
            for verb in verbs:
                replier = threading.Thread(target=self.reply, args=(served, answer))
                replier.start()
                done = self.tool(*verb, '--socket', 'daemon.sock')
                replier.join()
                self.assertIn(done.returncode, (0, 1, 10), (verb, answer, done.stderr))

    @staticmethod
    def reply(served, answer):
        connection, _ = served.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(json.dumps(answer).encode() + b'\n')

    def test_an_unknown_option_is_told_in_chinese(self):
        self.assertIn('不认识的参数：--for-cosign', self.said('push', 'apply', 'x', '--for-cosign', 'y', '--lang', 'zh'))
        self.assertIn('不认识的参数：--foo', self.said('status', '--foo', '--lang', 'zh'))

    def test_a_batch_has_a_number(self):
        for number in ('0', '-1', 'x', '1x', '99999999999999999999999'):
            self.assertIn('--seq: "%s" is no batch: give its number, 1 or more' % number, self.said('push', 'status', '--seq', number, *NOWHERE))
        self.assertIn('不是批次', self.said('push', 'status', '--seq', '0', '--lang', 'zh'))


class WithServer(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.redis = feed_test.Redis(self)

    def push(self, *arguments, code=0):
        return self.expect(self.tool('push', *arguments, *REDIS), code)

    def test_what_ends_nothing_is_called_so(self):
        self.assertIn("as far as can be told without the edges' keys, nothing stood in the log with this value",
                      self.push('remove', 'domain', 'scam.example').stderr)
        self.push(*NAME, '--source', 'vendor')
        said = self.push('remove', 'domain', 'SCAM.example', '--source', 'city')
        self.assertIn('nothing of the source city stood in the log with this value: published all the same; it stands there of vendor', said.stderr)
        self.assertIn('pushed: remove domain', said.stdout)
        self.assertIn('没有来源 city 的此值条目：仍已下发；以下来源有此值：vendor',
                      self.push('remove', 'domain', 'scam.example', '--source', 'city', '--lang', 'zh').stderr)
        self.assertIn('nothing of the source vendr', self.push('withdraw', 'vendr').stderr)
        self.assertIn('没有来源 vendr 的可执行条目', self.push('withdraw', 'vendr', '--lang', 'zh').stderr)
        self.assertIn('nothing of the source vendor', self.push('withdraw', 'vendor', '--kind', 'number').stderr)
        # Whether they stand is not known of kinds that nobody carries out.
        self.assertNotIn('nothing', self.push('withdraw', 'vendor', '--kind', 'ip').stderr)
        for words in (('withdraw', 'vendor'), ('remove', 'domain', 'scam.example'), ('remove', 'number', '+86170*'), ('remove', 'pattern', '安全账户转账')):
            self.push(*NAME, '--source', 'vendor')
            self.push('add', 'number', '+86 170*', '--category', 'other', '--source', 'vendor')
            self.push('add', 'pattern', '安全账户转账', '--category', 'other', '--source', 'vendor')
            self.assertNotIn('nothing', self.push(*words).stderr, words)
            self.assertIn('nothing', self.push(*words).stderr, words)

    def test_who_has_published_is_led_to_what_came_of_it(self):
        hint = 'whether the edges take it: telefence push status'
        self.write('list.txt', 'bad.example\n')
        apply = ('apply', 'list.txt', '--category', 'phishing', '--source', 'vendor')
        for words in (NAME, ('remove', 'domain', 'scam.example'), apply, ('withdraw', 'vendor')):
            self.assertIn(hint, self.push(*words).stderr, words)
            self.assertIn('节点是否采用：telefence push status', self.push(*words, '--lang', 'zh').stderr)
            self.assertNotIn(hint, self.push(*words, '--json').stderr)
        self.assertNotIn(hint, self.push(*NAME, '--dry-run').stderr)

    def test_what_edges_say_of_themselves_is_not_obeyed(self):
        self.push(*NAME)
        bad = 'e\x1b[2J\u202e\ndge'
        self.redis.ask('HSET', 'tf:1:node:' + bad, 'seq', '0', 'mode', 'enforce', 'problem', '\x1b[31m' + 400 * 'x')
        self.redis.ask('XADD', 'tf:1:ack', '*', 'node', 'quiet\x1b[0m\u0085', 'seq', '1', 'from', '1', 'hash', 'x')
        for words in (('status',), ('status', '--lang', 'zh')):
            told = self.push(*words).stdout
            for part in ('\x1b', '\u202e', '\u0085', 'x' * 301):
                self.assertNotIn(part, told)
            self.assertIn('e\\x1b[2J\\u{202e}\\x0adge', told)
            self.assertIn('quiet\\x1b[0m\\u{0085}', told)
            self.assertIn('xxx...\n', told)
        told = self.push('status').stdout
        self.assertIn('batch 1: in force on 0 of 1 edges, 1 silent', told)
        self.assertIn('，另有 1 个失联', self.push('status', '--lang', 'zh').stdout)
        self.redis.ask('DEL', 'tf:1:ack')
        self.assertIn('in force on 0 of 1 edges\n', self.push('status').stdout)
        self.assertEqual(json.loads(self.push('status', '--json').stdout)['behind'][0]['node'], bad)

    def test_names_of_edges_that_sample_are_not_obeyed(self):
        self.redis.ask('HSET', 'tf:1:trial:nodes', 'e\x1b[2Jdge', '%d names numbers texts' % (time.time() * 1000))
        told = self.push(*NAME, '--dry-run').stdout
        self.assertIn('did not answer within a second: e\\x1b[2Jdge', told)

    def test_a_list_without_a_category_says_what_it_gets(self):
        self.write('list.txt', 'bad.example\n')
        self.write('ops.jsonl', '{"op":"add","kind":"domain","value":"a.example"}\n{"op":"add","kind":"domain","value":"b.example","category":"loan"}\n'
                                '{"op":"allow","kind":"domain","value":"c.example"}\n{"op":"remove","kind":"domain","value":"d.example"}\n')
        for file in ('list.txt', 'ops.jsonl'):
            self.assertIn('1 entry is of the category other: --category names', self.push('apply', file, '--source', 'vendor').stderr)
        self.assertIn('1 个条目的类别为“其他”（other）', self.push('apply', 'list.txt', '--lang', 'zh').stderr)
        for more in (('--category', 'loan'), ('--allow',)):
            self.assertNotIn('category other', self.push('apply', 'list.txt', *more).stderr)

    def test_a_snapshot_that_is_there_already_is_no_mistake(self):
        file = self.write('e.yaml', edge.CONFIG % {'name': 'e', 'policy': '', 'redis': '  server: "unix:redis.sock"\n  accept_unsigned: true'})
        make = lambda *more: self.expect(self.tool('snapshot', '-c', file, *REDIS, *more), 0).stdout
        self.push(*NAME)
        said = make()
        self.assertIn('snapshot 1: 1 domain, 0 numbers, 0 others; ', said)
        self.assertIn('made of 1 batch; 0 entries left the log', said)
        self.assertIn('the newest snapshot is of batch 1 already', make())
        self.assertEqual(json.loads(make('--json')), {'ok': True, 'made': False, 'seq': 1})
        self.assertIn('最新快照已到批次 1', make('--lang', 'zh'))
        self.push(*NAME)
        self.assertTrue(json.loads(make('--json'))['made'])
        self.redis.ask('DEL', 'tf:1:log', 'tf:1:head')
        self.assertIn('is empty', self.expect(self.tool('snapshot', '-c', file, *REDIS), 2).stderr)

    def test_what_was_pushed_is_told_in_chinese(self):
        self.expect(self.tool('keys', 'new', 'centre'), 0)
        zh = ('--key', 'centre.key', '--lang', 'zh')
        self.assertIn('已下发：新增 文本特征 安全账户转账，序号 1', self.push('add', 'pattern', '安全账户转账', '--category', 'other', *zh).stdout)
        self.assertIn('已下发：撤回 域名 x.example', self.push('remove', 'domain', 'x.example', *zh).stdout)
        self.assertIn('未知：没有抽样域名的节点应答', self.push(*NAME, '--dry-run', *zh).stdout)
        self.write('list.txt', 'com.cn\nbad_line ???\nbad.example\n')
        done = self.push('apply', 'list.txt', '--category', 'phishing', *zh)
        self.assertIn('（公共后缀 1）', done.stdout)
        self.assertNotIn('(', done.stdout + done.stderr)
        self.assertIn('域名中不能有空格、星号或引号', done.stderr)
        self.write('ops.jsonl', '{"op":"frob","kind":"domain","value":"x.example"}\n{"op":"add","kind":"domain","value":"x.example","category":"loan"}\n')
        self.assertIn('op“frob”须为', self.push('apply', 'ops.jsonl', *zh).stderr)
        shown = self.expect(self.tool('audit', 'show', 'centre.audit.jsonl', '--lang', 'zh'), 0).stdout
        self.assertIn('变更=新增 文本特征 安全账户转账', shown)
        for english in ('pushed', 'changes', '"op"'):
            self.assertNotIn(english, shown)
        self.assertIn('pushed', self.expect(self.tool('audit', 'show', 'centre.audit.jsonl'), 0).stdout)


if __name__ == '__main__':
    program.main()
