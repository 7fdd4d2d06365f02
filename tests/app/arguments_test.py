# SPDX-License-Identifier: Apache-2.0
"""Arguments, help and exit codes of both programs. Usage: arguments_test.py BUILD_DIR"""
import program


class Arguments(program.ProgramTest):
    def test_help_begins_with_what_it_is_and_examples(self):
        verbs = {'telefenced': ['run', 'check', 'replay', 'inspect'], 'telefence': ['test', 'push', 'status', 'events']}
        for name, words in verbs.items():
            whole = self.expect(self.run_program(name, '--help'), 0).stdout
            for verb in words:
                self.assertIn('\n  %s ' % verb, whole)
                text = self.expect(self.run_program(name, verb, '--help'), 0).stdout
                self.assertLess(text.index('Examples:'), text.index('Usage:'))
                self.assertIn('%s %s ' % (name, verb), text)
                self.assertIn('--json', text if verb != 'push' else self.tool('push', 'add', '--help').stdout)

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
                                ('telefence', ['push', 'add', 'domain', 'fresh.example'])):
            done = self.expect(self.run_program(name, *arguments), 2)
            self.assertEqual(done.stdout, '')
            self.assertNotEqual(done.stderr, '')

    def test_the_word_that_was_meant_is_named(self):
        self.assertIn('inspect', self.expect(self.daemon('insepct', 'x'), 2).stderr)
        self.assertIn('--records', self.expect(self.daemon('replay', 'x', '--record', 'y'), 2).stderr)
        self.assertIn('status', self.expect(self.tool('statsu'), 2).stderr)


if __name__ == '__main__':
    program.main()
