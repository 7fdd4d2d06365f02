# SPDX-License-Identifier: Apache-2.0
"""telefence rules: lists of others as people use it, and with the programs that read what it writes. Usage: rules_test.py BUILD_DIR"""
import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import program

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / 'lists' / 'samples'
FATES = ('accepted', 'duplicate', 'covered', 'skipped', 'public_suffix', 'never_block', 'too_wide', 'protected')


class Rules(program.ProgramTest):
    def rules(self, code, *arguments, **environment):
        return self.expect(self.tool('rules', *arguments, **environment), code)

    def json(self, code, *arguments):
        return json.loads(self.rules(code, *arguments, '--json').stdout)

    def check_sums(self, ledger):
        self.assertEqual(ledger['values'], sum(ledger[fate] for fate in FATES), ledger)
        self.assertLessEqual(ledger['silent_lines'], ledger['lines'], ledger)


class Lint(Rules):
    def test_a_sound_list_is_exit_code_0_and_one_with_mistakes_3(self):
        self.write('good.txt', 'bad.example\nworse.example\n')
        self.assertIn('ok', self.rules(0, 'lint', 'good.txt').stdout)
        self.write('wrong.txt', 'bad.example\ncom.cn\nnot a name\n')
        done = self.rules(3, 'lint', 'wrong.txt')
        self.assertIn('wrong.txt:2: "com.cn": com.cn is a public suffix', done.stderr)
        self.assertIn('wrong.txt:3: "not a name": ', done.stderr)
        self.assertIn('2 things are wrong', done.stdout)

    def test_help_names_the_words_that_options_take(self):
        of_verbs = {'lint': ('jsonl', 'patterns', 'stix', 'misp'), 'import': ('domains, numbers, urls, jsonl',), 'export': ('dnsmasq', 'adblock')}
        for verb, words in of_verbs.items():
            for language in 'en', 'zh':
                lines = [line for line in self.rules(0, verb, '--lang', language, '--help').stdout.splitlines() if 'WORD' in line]
                option = '--format WORD' if verb == 'lint' else '--to WORD'
                for word in words:
                    self.assertIn(word, next(line for line in lines if option in line))

    def test_every_sample_adds_up_and_is_named_by_its_format(self):
        formats = set()
        for sample in sorted(SAMPLES.iterdir()):
            done = self.tool('rules', 'lint', str(sample), '--json')
            self.assertIn(done.returncode, (0, 3), done.stderr)
            out = json.loads(done.stdout)
            self.check_sums(out['total'])
            self.assertEqual(len(out['complaints']) == 0, done.returncode == 0)
            formats.add(out['files'][0]['format'])
        self.assertGreaterEqual(len(formats), 13)

    def test_what_is_listed_is_bounded(self):
        self.write('wrong.txt', ''.join('name %d\n' % i for i in range(2000)) + 'good%d.example\n' % 1 * 3000)
        done = self.rules(3, 'lint', 'wrong.txt', '--most', '5', '--format', 'domains')
        self.assertEqual(done.stderr.count('left out'), 5)
        self.assertIn('1,995 more', done.stderr)
        out = self.json(3, 'lint', 'wrong.txt', '--format', 'domains')
        self.assertEqual((len(out['complaints']), out['complaints_not_shown']), (1000, 1000))

    def test_the_starter_pack_is_sound(self):
        patterns = sorted(str(file) for file in (SAMPLES.parents[2] / 'patterns').glob('*.yaml'))
        self.assertEqual(self.json(0, 'lint', *patterns)['total']['skipped'], 0)

    def test_what_can_not_be_read_says_why(self):
        self.assertIn('none.txt', self.rules(3, 'lint', 'none.txt').stderr)
        self.assertIn('--format', self.rules(3, 'lint', self.write('x', '\x01\x02 {{\n')).stderr)
        self.rules(2, 'lint', 'x', '--format', 'excel')
        self.rules(2, 'lint', '-', '-')

    def test_chinese_has_no_english_sentence(self):
        for sample in sorted(SAMPLES.iterdir()):
            done = self.tool('rules', 'lint', str(sample), '--lang', 'zh', '--most', '1000')
            for line in (done.stderr + done.stdout).splitlines():
                said = re.sub(r'^[^"]*"([^"\\]|\\.)*": |“[^”]*”|telefence push remove|Hyperscan 无法编译：.*', '', line)
                self.assertIsNone(re.search(r'[a-z]+ [a-z]+ [a-z]+', said), line)


class Import(Rules):
    def test_a_link_stays_one_and_leads_to_what_was_written(self):
        pathlib.Path(self.folder, 'in.txt').write_text('bad.example\n')
        pathlib.Path(self.folder, 'lists').mkdir()
        real, link = pathlib.Path(self.folder, 'lists', 'feed.txt'), pathlib.Path(self.folder, 'feed.txt')
        real.write_text('old.example\n')
        link.symlink_to('lists/feed.txt')
        self.rules(0, 'import', 'in.txt', '-o', 'feed.txt')
        self.assertTrue(link.is_symlink())
        self.assertIn('bad.example', real.read_text())

    def test_a_dash_is_the_output_whatever_is_named_so(self):
        self.write('in.txt', 'bad.example\n')
        self.write('-', 'old.example\n')
        self.assertIn('bad.example', self.rules(0, 'import', 'in.txt', '-o', '-').stdout)

    def test_an_imported_list_is_one_that_the_daemon_reads(self):
        done = self.json(0, 'import', str(SAMPLES / 'hosts.txt'), '-o', 'feed.txt', '--category', 'phishing', '--tier', '1')
        option = done['written']['list_option']
        self.assertIn('exact: true', option)
        self.write('policy.yaml', 'version: 1\nmode: enforce\npolicy:\n  lists:\n    %s\n' % option)
        self.assertIn('4 domains', self.expect(self.daemon('check', 'policy.yaml'), 0).stdout)
        judged = lambda name: json.loads(self.tool('test', 'domain', name, '-c', 'policy.yaml', '--json').stdout)
        self.assertTrue(judged('bad.example')['would_block'])
        self.assertFalse(judged('x.bad.example')['would_block'])  # a hosts file is about the names in it only
        self.assertEqual(judged('bad.example')['hits'][0]['signature']['category'], 'phishing')

    def test_what_means_several_things_becomes_op_lines_that_can_be_pushed(self):
        pathlib.Path(self.path('feed.gz')).write_bytes(gzip.compress((SAMPLES / 'blocks.rpz').read_bytes()))
        done = self.json(0, 'import', 'feed.gz', '-o', 'ops.jsonl')
        self.assertEqual(done['written']['format'], 'jsonl')
        lines = [json.loads(line) for line in pathlib.Path(self.path('ops.jsonl')).read_text().splitlines()]
        self.assertEqual(len(lines), done['written']['entries'])
        self.assertIn(('allow', 'pass.bad.example', 'exact'), [(line['op'], line['value'], line['match']) for line in lines])

    def test_gb18030_tables_of_the_centre(self):
        text = (SAMPLES / 'table_zh.csv').read_text().encode('gb18030')
        pathlib.Path(self.path('号码.csv')).write_bytes(text)
        done = self.json(0, 'import', '号码.csv', '-o', 'numbers.txt', '--to', 'numbers')
        self.check_sums(done['total'])
        self.assertEqual(done['total']['never_block'], 1)
        self.assertEqual(pathlib.Path(self.path('numbers.txt')).read_text().split(), ['+8613812345678', '+86170*', '+8613800000*'])

    def test_a_list_of_nothing_never_takes_the_place_of_one_that_blocks(self):
        self.write('out.txt', 'bad.example\n')
        self.write('in.txt', 'com.cn\nnet.cn\n')
        self.rules(3, 'import', 'in.txt', '-o', 'out.txt')
        self.assertEqual(pathlib.Path(self.path('out.txt')).read_text(), 'bad.example\n')
        self.write('cut.gz', '')
        pathlib.Path(self.path('cut.gz')).write_bytes(gzip.compress(b'bad.example\n' * 9)[:-6])
        self.assertIn('cut off', self.rules(3, 'import', 'cut.gz', '-o', 'out.txt').stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), ['cut.gz', 'in.txt', 'out.txt'])

    def test_no_bar_where_there_is_no_terminal(self):
        self.write('in.txt', ''.join('n%d.example\n' % i for i in range(50000)))
        self.assertEqual(self.rules(0, 'import', 'in.txt', '-o', 'out.txt').stderr, '')


class Diff(Rules):
    def test_formats_do_not_matter(self):
        self.write('old.txt', 'bad.example\ngone.example\n')
        self.write('new.adblock', '! x\n||bad.example^\n||new.example^\n')
        done = self.rules(0, 'diff', 'old.txt', 'new.adblock')
        self.assertIn('+ domain new.example  new.adblock:3', done.stdout)
        self.assertIn('- domain gone.example  old.txt:2', done.stdout)
        self.assertIn('1 added, 1 removed, 0 changed, 1 the same', done.stdout)
        out = self.json(0, 'diff', 'old.txt', 'new.adblock')
        self.assertEqual((out['added'], out['removed'], out['changed'], out['same'], len(out['entries'])), (1, 1, 0, 1, 2))
        self.rules(2, 'diff', 'old.txt')


class Stats(Rules):
    def test_counts(self):
        self.write('d.txt', 'bad.com.cn\na.b.com.cn\n')
        out = self.json(0, 'stats', 'd.txt', '--category', 'loan')
        self.assertEqual(out['kinds']['domain'], 2)
        self.assertEqual(out['categories']['loan'], 2)
        self.assertEqual(out['top_public_suffixes'], [{'suffix': 'com.cn', 'domains': 2}])
        self.assertIn('com.cn', self.rules(0, 'stats', 'd.txt').stdout)


class Export(Rules):
    def test_every_format_is_read_back_as_the_same(self):
        self.write('list.txt', 'bad.example\nworse.example\n')
        for name in ('rpz', 'domains', 'csv', 'jsonl', 'adblock', 'dnsmasq', 'clash'):
            self.rules(0, 'export', 'list.txt', '--to', name, '-o', 'out')
            out = self.json(0, 'diff', 'list.txt', 'out')
            self.assertEqual((out['added'], out['removed'], out['changed']), (0, 0, 0), name)

    def test_what_a_format_can_not_say_is_told(self):
        self.write('list.txt', 'bad.example\n')
        self.assertIn('cover less', self.rules(0, 'export', 'list.txt', '--to', 'hosts').stderr)
        self.write('numbers.txt', '+86170*\n')
        self.assertIn('nothing of it can be written as rpz', self.rules(3, 'export', 'numbers.txt', '--to', 'rpz').stderr)

    def test_unbound_answers_by_an_exported_zone(self):
        unbound, dig = shutil.which('unbound', path='/usr/sbin:/usr/bin'), shutil.which('dig')
        if unbound is None or dig is None:
            self.skipTest('unbound or dig is not installed')
        self.write('list.adblock', '||bad.example^\n@@||good.bad.example^\n|only.example^\n')
        self.rules(0, 'export', 'list.adblock', '--to', 'rpz', '-o', 'blocks.rpz')
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        names = ('bad.example', 'www.bad.example', 'good.bad.example', 'only.example', 'www.only.example')
        data = ''.join('  local-data: "%s. A 192.0.2.7"\n' % name for name in names[2:3] + names[4:])
        self.write('unbound.conf', '''
server:
  module-config: "respip iterator"
  interface: 127.0.0.1@%d
  chroot: ""
  username: ""
  directory: "%s"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: yes
%sremote-control:
  control-enable: no
rpz:
  name: rpz.telefence
  zonefile: %s
''' % (port, self.folder, data, self.path('blocks.rpz')))
        with open(self.path('log'), 'wb') as log:
            server = subprocess.Popen([unbound, '-d', '-c', self.path('unbound.conf')], stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        ask = lambda name: subprocess.run([dig, '@127.0.0.1', '-p', str(port), name, 'A', '+tries=1', '+time=2'], capture_output=True,
                                          text=True, check=False).stdout
        end = time.monotonic() + 20
        while 'status:' not in ask(names[0]) and time.monotonic() < end:
            time.sleep(0.1)
        log = pathlib.Path(self.path('log')).read_text()
        self.assertNotIn('error', log.lower())
        status = {name: (re.search(r'status: (\w+)', ask(name)) or ['', 'none'])[1] for name in names}
        self.assertEqual(status, {'bad.example': 'NXDOMAIN', 'www.bad.example': 'NXDOMAIN', 'good.bad.example': 'NOERROR',
                                  'only.example': 'NXDOMAIN', 'www.only.example': 'NOERROR'}, log)

    def test_dnsmasq_takes_an_exported_file(self):
        dnsmasq = shutil.which('dnsmasq', path='/usr/sbin:/usr/bin')
        if dnsmasq is None:
            self.skipTest('dnsmasq is not installed')
        self.write('list.adblock', '||bad.example^\n@@||good.bad.example^\n')
        self.rules(0, 'export', 'list.adblock', '--to', 'dnsmasq', '-o', 'dnsmasq.conf')
        subprocess.run([dnsmasq, '--test', '-C', self.path('dnsmasq.conf')], check=True)


if __name__ == '__main__':
    program.main()
