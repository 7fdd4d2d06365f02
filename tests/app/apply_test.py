# SPDX-License-Identifier: Apache-2.0
"""telefence push apply and withdraw, from files through Redis to a running daemon. Usage: apply_test.py BUILD_DIR"""
import json
import os
import pathlib
import signal
import subprocess
import time

import edge
import feed_test
import program

SIGNED = '''  server: "unix:redis.sock"
  signers:
    - {key: centre.pub, may_be_wide: true}
    - {key: police.pub, may_be_wide: true}
'''


class Apply(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.redis = feed_test.Redis(self)
        for name in ('centre', 'police'):
            self.expect(self.tool('keys', 'new', name), 0)

    def begin(self):
        self.edge = edge.Edge(self, 'edge', SIGNED)

    def push(self, *arguments, code=0, **environment):
        return self.expect(self.tool('push', *arguments, '--redis', 'unix:redis.sock', '--key', 'centre.key', **environment), code)

    def apply(self, *arguments, code=0):
        return json.loads(self.push('apply', *arguments, '--json', code=code).stdout)

    def reaches(self, sequence):
        edge.until(self, lambda: self.edge.feed()['sequence'] >= sequence, lambda: 'batch %d: %s' % (sequence, self.edge.feed()))

    def domains(self, name, first, end):
        return self.write(name, ''.join('name%d.example\n' % i for i in range(first, end)))

    def test_a_list_is_in_force_and_all_of_it_is_accounted_for(self):
        self.begin()
        self.write('list.txt', '# list\nbad.example\ncom.cn\nbad.example\nno name\nother.example\n')
        done = self.push('apply', 'list.txt', '--category', 'phishing', '--source', 'vendor')
        self.assertIn('list.txt:3', done.stderr)
        self.assertIn('pushed: 2 changes as 1 batch, ', done.stdout)
        self.edge.becomes(True, 'domain', 'www.bad.example')
        self.edge.becomes(True, 'domain', 'other.example')
        total = self.apply('list.txt', '--source', 'vendor')['reading']['total']
        self.assertEqual((total['lines'], total['accepted'], total['duplicate'], total['public_suffix'], total['skipped']), (6, 2, 1, 1, 1))
        self.push('apply', 'list.txt', '--strict', code=3)
        self.assertEqual(self.redis.ask('XLEN', 'tf:1:log').strip(), '2')
        self.assertIn('已下发：2 条变更', self.push('apply', 'list.txt', '--lang', 'zh').stdout)

    def test_the_same_once_more_changes_nothing(self):
        self.begin()
        self.domains('list.txt', 0, 5000)
        first = self.apply('list.txt', '--source', 'vendor')
        self.assertEqual((first['changes'], first['batches'], first['first_seq'], first['seq']), (5000, 5, 1, 5))
        self.reaches(5)
        before = self.edge.status()['signatures']
        self.reaches(self.apply('list.txt', '--source', 'vendor')['seq'])
        after = self.edge.status()['signatures']
        for status in (before, after):
            status.pop('version', None)
            status.pop('sequence', None)
        self.assertEqual(after, before)
        self.assertTrue(self.edge.blocks('domain', 'name4999.example'))
        self.assertEqual(self.edge.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})

    def test_op_lines_go_out_as_they_are_written(self):
        self.begin()
        lines = ['{"op":"add","kind":"domain","value":"bad.example","category":"phishing","note":"case 7","campaign":"c"}', '# said', '',
                 '{"op":"add","kind":"number","value":"110"}', '{"op":"ad","kind":"domain","value":"x.example"}',
                 '{"op":"add","kind":"pattern","value":"安全账户.{0,20}转账","match":"regex","category":"fake-police"}',
                 '{"op":"add","kind":"pattern","value":"[","match":"regex"}', '{"op":"add","kind":"domain","value":"gone.example"}',
                 '{"op":"remove","kind":"domain","value":"gone.example"}', '{"op":"add","kind":"ip","value":"192.0.2.7"}']
        self.write('ops.jsonl', '\n'.join(lines) + '\n')
        done = self.apply('ops.jsonl')
        total = done['reading']['total']
        self.assertEqual((total['lines'], total['silent_lines'], total['accepted'], total['skipped']), (10, 2, 5, 3))
        self.assertEqual([c['where'].split(':')[1] for c in done['reading']['complaints']], ['4', '5', '7'])
        self.edge.becomes(True, 'domain', 'bad.example')
        self.assertFalse(self.edge.blocks('domain', 'gone.example'))
        self.assertTrue(self.edge.blocks('sms', '往安全账户里转账'))
        audited = [json.loads(line) for line in pathlib.Path(self.path('centre.audit.jsonl')).read_text().splitlines()]
        self.assertEqual([(line['what'], line['n'], line['seq'], line['hash']) for line in audited], [('pushed', 5, 1, done['hash'])])
        self.assertEqual(audited[0]['changes'][0], json.loads(lines[0]))
        self.write('list.txt', 'x.example\n')
        self.push('apply', 'ops.jsonl', 'list.txt', code=2)

    def test_what_op_lines_leave_open_is_as_the_options_say(self):
        self.begin()
        self.write('ops.jsonl', '{"op":"add","kind":"domain","value":"open.example","note":"n"}\n'
                                '{"op":"add","kind":"domain","value":"said.example","category":"loan","level":3,"match":"suffix"}\n'
                                '{"op":"add","kind":"number","value":"+8617000000001"}\n{"op":"remove","kind":"domain","value":"gone.example"}\n')
        self.apply('ops.jsonl', '--category', 'phishing', '--tier', '1', '--side', 'calling', '--source', 'vendor', '--match', 'exact')
        audited = json.loads(pathlib.Path(self.path('centre.audit.jsonl')).read_text().splitlines()[0])['changes']
        self.assertEqual([(one.get('category'), one.get('level'), one.get('match'), one.get('side'), one.get('source')) for one in audited],
                         [('phishing', 1, 'exact', None, 'vendor'), ('loan', 3, 'exact', None, 'vendor'), ('phishing', 1, 'exact', 'calling', 'vendor')])
        self.assertEqual(audited[0]['note'], 'n')
        self.push('apply', 'ops.jsonl', '--action', 'explode', code=2)
        # The source alone, too.
        self.write('one.jsonl', '{"op":"add","kind":"domain","value":"one.example","category":"loan"}\n')
        self.apply('one.jsonl', '--source', 'vendor')
        last = json.loads(pathlib.Path(self.path('centre.audit.jsonl')).read_text().splitlines()[-1])['changes']
        self.assertEqual(last[0].get('source'), 'vendor')
        self.edge.becomes(True, 'domain', 'open.example')
        self.assertFalse(self.edge.blocks('domain', 'www.open.example'))
        told = self.push('apply', 'ops.jsonl', '--allow', '--strict', code=3)
        self.assertIn('op lines say themselves what passes', told.stdout + told.stderr)

    def test_a_new_list_takes_the_place_of_the_old_one(self):
        self.begin()
        self.domains('old.txt', 0, 2500)
        self.apply('old.txt', '--source', 'vendor')
        self.push('add', 'domain', 'kept.example', '--category', 'phishing', '--source', 'city')
        self.domains('new.txt', 2000, 4500)
        self.push('apply', 'new.txt', '--replace-list', code=2)
        self.push('apply', 'new.txt', '--replace-list', '--source', 'vendor', '--kind', 'number', code=3)
        done = self.apply('new.txt', '--replace-list', '--source', 'vendor')
        self.assertEqual((done['replaced'], done['changes'], done['batches']), (['domain'], 2501, 3))
        self.reaches(done['seq'])
        for name, blocked in (('name0', False), ('name1999', False), ('name2000', True), ('name4499', True), ('kept', True)):
            self.assertEqual(self.edge.blocks('domain', name + '.example'), blocked, name)
        said = self.push('withdraw', 'vendor').stdout
        self.assertIn('withdrawn: all that vendor has said', said)
        self.edge.becomes(False, 'domain', 'name4499.example')
        self.assertTrue(self.edge.blocks('domain', 'kept.example'))
        self.push('withdraw', 'city', '--kind', 'number')
        self.reaches(9)
        self.assertTrue(self.edge.blocks('domain', 'kept.example'))

    def test_a_wide_entry_needs_two(self):
        self.write('numbers.txt', '+86170*\n+8613812345678\n')
        self.assertIn('--second-key', self.push('apply', 'numbers.txt', code=3).stderr)
        self.assertEqual(self.redis.ask('EXISTS', 'tf:1:log').strip(), '0')
        self.begin()
        self.push('apply', 'numbers.txt', '--second-key', 'police.key')
        self.edge.becomes(True, 'number', '17012345678')

    def slow_apply(self, file):
        """One that takes a while: 200,000 names. Returned when some batches are there."""
        self.domains(file, 0, 200_000)
        process = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefence'), 'push', 'apply', file, '--source', 'vendor', '--json',
                                    '--redis', 'unix:redis.sock', '--key', 'centre.key'], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, cwd=self.folder)
        edge.until(self, lambda: int(self.redis.ask('XLEN', 'tf:1:log')) > 20, 'some batches')
        return process

    def test_ctrl_c_says_how_to_go_on(self):
        process = self.slow_apply('list.txt')
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, error)
        done = json.loads(out)
        self.assertFalse(done['ok'])
        self.assertEqual(done['batches'], int(self.redis.ask('XLEN', 'tf:1:log')))
        self.assertEqual(done['from'], done['changes'])
        self.assertIn('--from %d' % done['from'], error)
        rest = self.apply('list.txt', '--source', 'vendor', '--from', str(done['from']))
        self.assertEqual(rest['changes'] + done['changes'], 200_000)
        self.assertEqual(rest['first_seq'], done['seq'] + 1)
        self.expect(self.tool('audit', 'verify', 'centre.audit.jsonl'), 0)

    def test_a_redis_that_dies_is_no_riddle(self):
        process = self.slow_apply('list.txt')
        self.redis.process.kill()
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, error)
        done = json.loads(out)
        self.assertGreater(done['changes'], 0)
        self.assertIn('--from', error)
        last = json.loads(pathlib.Path(self.path('centre.audit.jsonl')).read_text().splitlines()[-1])
        self.assertEqual(last['what'], 'push-failed')

    def test_what_redis_refuses_is_explained(self):
        self.domains('list.txt', 0, 10)
        for option, value, words in (('maxmemory', '1', 'maxmemory'), ('min-replicas-to-write', '3', 'min-replicas-to-write')):
            self.redis.ask('CONFIG', 'SET', option, value)
            error = self.push('apply', 'list.txt', code=1).stderr
            self.assertIn(words, error)
            self.assertIn('nothing of it is published', error)
            self.redis.ask('CONFIG', 'SET', option, '0')
        self.push('apply', 'list.txt')


if __name__ == '__main__':
    program.main()
