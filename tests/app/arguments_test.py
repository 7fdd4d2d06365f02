# SPDX-License-Identifier: Apache-2.0
"""Arguments, help and exit codes of both programs. Usage: arguments_test.py BUILD_DIR"""
import os
import subprocess

import program

VERBS = {'telefenced': ['run', 'check', 'replay', 'inspect'],
         'telefence': ['test', 'push add', 'push remove', 'rules lint', 'rules import', 'rules export', 'rules diff', 'rules stats', 'status',
                       'reload', 'events']}


class Arguments(program.ProgramTest):
    def test_help_begins_with_what_it_is_and_examples(self):
        for name, words in VERBS.items():
            whole = self.expect(self.run_program(name, '--help'), 0).stdout
            for verb in words:
                if ' ' not in verb:
                    self.assertIn('\n  %s ' % verb, whole)
                text = self.expect(self.run_program(name, *verb.split(), '--help'), 0).stdout
                examples, rest = text.split('\nUsage: ')
                self.assertIn('\nExamples:\n  %s %s' % (name, verb), examples)
                self.assertTrue(rest.startswith('%s %s [OPTIONS]' % (name, verb)), rest)
                self.assertIn('--json', rest)
                self.assertIn('--lang', rest)

    def test_a_choice_is_not_shown_twice(self):
        for name, words in VERBS.items():
            for verb in words:
                text = self.run_program(name, *verb.split(), '--help').stdout
                self.assertNotIn('{', text.split('\nUsage: ')[1], verb)

    def test_help_and_mistakes_in_chinese_by_option_and_by_environment(self):
        for name, words in VERBS.items():
            for extra, environment in ((['--lang', 'zh'], {}), ([], {'LANG': 'zh_CN.UTF-8'})):
                for verb in ['', *words]:
                    text = self.expect(self.run_program(name, *verb.split(), *extra, '--help', **environment), 0).stdout
                    self.assertIn('\n用法: %s' % ' '.join([name, *verb.split()]), text)
                    for english in ('Examples', 'Usage', 'Options', 'Positionals', 'REQUIRED', 'show this', 'configuration'):
                        self.assertNotIn(english, text, verb)
        self.assertIn('缺少', self.expect(self.daemon('run', '--lang', 'zh'), 2).stderr)
        self.assertIn('没有命令', self.expect(self.tool('statsu', LANG='zh_CN.UTF-8'), 2).stderr)
        for lang in (['--lang', 'zh'], ['--lang=zh']):  # before the verb, too
            self.assertIn('没有命令“statsu”', self.expect(self.tool(*lang, 'statsu'), 2).stderr)
            self.assertIn('没有命令“lnit”', self.expect(self.tool(*lang, 'rules', 'lnit', 'x'), 2).stderr)
        for words in (['--help', 'statsu'], ['--version', 'statsu'], ['push', '--help', 'statsu']):
            self.assertNotEqual(self.expect(self.tool(*words), 0).stdout, '')
        self.assertIn('--lang', self.expect(self.tool('--lang=', 'statsu'), 2).stderr)
        self.assertIn('--no-such', self.expect(self.daemon('replay', 'x', '--no-such', '--lang', 'zh'), 2).stderr)

    def test_chinese_help_is_aligned(self):
        text = self.daemon('replay', '--help', '--lang', 'zh').stdout
        width = lambda line: sum(2 if ord(c) > 0x2e80 else 1 for c in line)
        begins = {width(line[:line.index(what)]) for line in text.splitlines()
                  for what in ('将两个方向', '即使配置', '以 JSON') if what in line}
        self.assertEqual(len(begins), 1, text)

    def test_version(self):
        for name in ('telefenced', 'telefence'):
            self.assertRegex(self.expect(self.run_program(name, '--version'), 0).stdout, r'^%s \d+\.\d+\.\d+\n$' % name)

    def test_wrong_usage_is_exit_code_2_on_stderr(self):
        for name, arguments in (('telefenced', []), ('telefenced', ['run']), ('telefenced', ['check']),
                                ('telefenced', ['run', '-c', 'x', '--mode', 'sometimes']),
                                ('telefenced', ['replay', 'x', '--no-such-option']),
                                ('telefence', []), ('telefence', ['test', 'domain']), ('telefence', ['test', 'color', 'red']),
                                ('telefence', ['push']), ('telefence', ['push', 'add', 'domain', 'x', '--tier', '9']),
                                ('telefence', ['push', 'add', 'domain', 'x', '--category', 'nonsense']),
                                ('telefence', ['push', 'remove', 'domain', 'x', '--category', 'phishing']),
                                ('telefence', ['status', '--lang', 'fr']),
                                ('telefence', ['push', 'add', 'domain', 'fresh.example'])):
            done = self.expect(self.run_program(name, *arguments), 2)
            self.assertEqual(done.stdout, '')
            self.assertNotEqual(done.stderr, '')

    def test_the_word_that_was_meant_is_named(self):
        self.assertIn('inspect', self.expect(self.daemon('insepct', 'x'), 2).stderr)
        self.assertIn('--records', self.expect(self.daemon('replay', 'x', '--record', 'y'), 2).stderr)
        self.assertIn('status', self.expect(self.tool('statsu'), 2).stderr)
        self.assertIn('mean phishing?', self.expect(self.tool('push', 'add', 'domain', 'x', '--category', 'phishin'), 2).stderr)
        self.assertIn('there are add, remove', self.expect(self.tool('push', 'nosuch'), 2).stderr)
        self.assertIn('mean verify?', self.expect(self.tool('audit', 'verfiy', 'x'), 2).stderr)
        self.assertIn('"xx" is no country code', self.expect(self.tool('push', 'add', 'number', '123', '--category', 'other', '--home-country', 'xx'), 2).stderr)
        self.assertIn('64 hexadecimal digits', self.expect(self.tool('audit', 'verify', 'x', '--head', ''), 2).stderr)
        self.assertIn('mean domain?', self.expect(self.tool('test', 'domian', 'x'), 2).stderr)

    def test_what_would_be_right_is_said(self):
        for arguments, english, chinese in (
                (['audit', 'show', 'x', '--last', '-1'], '--last: "-1" is no whole number of 0 or more', '--last：“-1”不是大于等于 0 的整数'),
                (['snapshot', '-c', 'x', '--batches', '0'], '"0" is no number from 1 to 1000000', '“0”不是 1 到 1000000 之间的数'),
                (['push', '--seq', '3', 'status'], 'It stands behind the verb: telefence push status --seq', '它应写在命令之后：telefence push status --seq'),
                (['rules', 'diff', 'a', 'b', 'c'], 'At Most 2', 'files，至多 2 个')):
            for text, language in ((english, 'C'), (chinese, 'zh_CN.UTF-8')):
                with self.subTest(arguments, language=language):
                    said = self.expect(self.tool(*arguments, LANG=language), 2).stderr
                    self.assertIn(text, said)
                    self.assertIn(' --help', said)

    def test_a_full_standard_output_is_a_failure(self):
        if not os.path.exists('/dev/full'):
            self.skipTest('no /dev/full here')
        self.capture()
        self.policy()
        for name, arguments in (('telefenced', ['--version']), ('telefenced', ['run', '--help']),
                                ('telefenced', ['check', 'policy.yaml', '--json']), ('telefenced', ['replay', 'in.pcap']),
                                ('telefenced', ['inspect', 'in.pcap']),
                                ('telefence', ['test', 'domain', 'www.bad.example', '-c', 'policy.yaml', '--json'])):
            with open('/dev/full', 'w') as full:
                done = subprocess.run([os.path.join(program.BUILD, 'src', 'app', name), *arguments], stdout=full, timeout=60,
                                      stderr=subprocess.PIPE, text=True, check=False, cwd=self.folder)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn('standard output', done.stderr)


if __name__ == '__main__':
    program.main()
