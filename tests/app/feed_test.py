# SPDX-License-Identifier: Apache-2.0
"""From telefence push through a private redis-server to a running telefenced. Usage: feed_test.py BUILD_DIR"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import program

CONFIG = '''
version: 1
mode: enforce
ports: [{name: access, device: "net_null0,no-rx=1"}, {name: core, device: "net_null1,no-rx=1"}]
wire: [[access, core]]
engine: {hugepages: "off"}
listen: {web: "127.0.0.1:0", control: control.sock}
policy: {state_dir: "off"}
redis: {server: "unix:redis.sock", accept_unsigned: true%s}
'''


class Redis:
    """A redis-server on a unix socket in the test's folder."""

    def __init__(self, test, *options):
        if shutil.which('redis-server') is None:
            test.skipTest('redis-server is not installed')
        self.folder, self.socket, self.options = test.folder, test.path('redis.sock'), options
        self.start()
        test.addCleanup(self.stop)

    def start(self):
        self.process = subprocess.Popen(['redis-server', '--port', '0', '--unixsocket', self.socket, '--save', '', '--dir',
                                         self.folder, *self.options], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not os.path.exists(self.socket) and time.monotonic() < end:
            time.sleep(0.01)

    def stop(self):
        self.process.kill()
        self.process.wait()
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def ask(self, *words):
        return subprocess.run(['redis-cli', '-s', self.socket, *words], capture_output=True, text=True, check=True).stdout


class FromPushToEdge(program.ProgramTest):
    def begin(self, more=''):
        file = self.write('telefence.yaml', CONFIG % more)
        log = open(self.path('log'), 'w')
        self.addCleanup(log.close)
        self.process = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefenced'), 'run', '-c', file, '--json'],
                                        stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        line = self.process.stdout.readline()
        self.assertTrue(line, self.log())
        self.web = json.loads(line)['metrics'].removesuffix('/metrics')

    def log(self):
        return pathlib.Path(self.path('log')).read_text()

    def push(self, *arguments, code=0):
        return self.expect(self.tool('push', *arguments, '--redis', 'unix:redis.sock'), code)

    def verdict(self, kind, value):
        done = self.tool('test', kind, value, '--socket', 'control.sock')
        self.assertIn(done.returncode, (0, 10), done.stderr)
        return done.returncode

    def until(self, condition, what):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.005)
        self.fail('%s did not happen; log:\n%s' % (what, self.log()))

    def becomes(self, code, kind, value):
        self.until(lambda: self.verdict(kind, value) == code, '%s %s: exit code %d' % (kind, value, code))

    def feed(self):
        return json.loads(self.expect(self.tool('status', '--json', '--socket', 'control.sock'), 0).stdout)['feed']

    def metric(self, name):
        text = urllib.request.urlopen(self.web + '/metrics', timeout=10).read().decode()
        found = re.search('^%s (\\S+)$' % re.escape(name), text, re.MULTILINE)
        self.assertTrue(found, name)
        return float(found[1])

    def ready(self):
        try:
            return json.load(urllib.request.urlopen(self.web + '/readyz', timeout=10))
        except urllib.error.HTTPError as answer:
            return json.load(answer)

    def test_each_kind_is_blocked_after_its_push_and_passes_after_its_removal(self):
        Redis(self)
        self.begin()
        for kind, value, asked, sample, more in (
                ('domain', 'fresh-scam.example', 'domain', 'www.fresh-scam.example', ['--category', 'phishing']),
                ('number', '+86170*', 'number', '17012345678', ['--category', 'spoofed-caller']),
                ('pattern', '安全账户.{0,20}转账', 'sms', '请往安全账户里转账', ['--category', 'fake-police', '--match', 'regex'])):
            self.assertEqual(self.verdict(asked, sample), 0)
            self.push('add', kind, value, *more)
            self.becomes(10, asked, sample)
            self.push('remove', kind, value)
            self.becomes(0, asked, sample)
        self.assertEqual(self.feed()['problem'], '')

    def test_an_expression_of_urls_is_taken_back_as_what_it_is(self):
        Redis(self)
        self.begin()
        value, asked = 'scam.example/pay/[0-9]+', 'http://scam.example/pay/77'
        self.push('add', 'url', value, '--match', 'regex', '--category', 'phishing')
        self.becomes(10, 'url', asked)
        self.push('remove', 'url', value, '--match', 'regex')
        self.becomes(0, 'url', asked)

    def test_what_would_count_for_nothing_is_refused(self):
        Redis(self)
        for options in (['--shadow'], ['--shadow-for', '1h'], ['--action', 'drop']):
            self.assertIn('allow', self.push('add', 'domain', 'x.example', '--allow', *options, code=2).stderr)
        done = self.push('add', 'domain', 'x.example', '--category', 'other', '--action', 'fly', code=2)
        self.assertIn('neutralise', done.stderr)
        self.assertEqual(self.push('status', '--seq', '7', code=3).stdout.splitlines()[0], 'the log has no batch 7: it is empty')

    def test_what_is_held_by_hand_is_not_told_as_in_force(self):
        Redis(self)
        self.begin()
        self.push('add', 'domain', 'first.example', '--category', 'phishing')
        self.becomes(10, 'domain', 'first.example')
        self.expect(self.tool('policy', 'rollback', '1', '--socket', 'control.sock'), 0)
        self.becomes(0, 'domain', 'first.example')
        self.push('add', 'domain', 'second.example', '--category', 'phishing')
        self.until(lambda: self.feed()['newest_sequence'] == 2, 'reading')
        feed = self.feed()
        self.assertEqual((feed['sequence'], feed['version'], feed['newest_version']), (0, 1, 3))
        self.assertEqual(self.metric('telefence_policy_sequence'), 0)
        self.assertEqual(self.metric('telefence_policy_rules{kind="domain"}'), 0)
        done = self.expect(self.tool('reload', '--socket', 'control.sock'), 0)
        self.assertIn('kept and not in force: version 1 of the signatures was put in force by hand', done.stderr)
        self.expect(self.tool('policy', 'rollback', 'newest', '--socket', 'control.sock'), 0)
        self.becomes(10, 'domain', 'second.example')
        self.assertEqual(self.metric('telefence_policy_rules{kind="domain"}'), 2)
        self.assertNotIn('not in force', self.expect(self.tool('reload', '--socket', 'control.sock'), 0).stderr)

    def test_a_number_is_blocked_on_its_side_only(self):
        Redis(self)
        self.begin()
        self.push('add', 'number', '13800138000', '--category', 'spoofed-caller', '--side', 'calling')
        self.becomes(10, 'number', '13800138000')
        out = json.loads(self.tool('test', 'number', '13800138000', '--json', '--socket', 'control.sock').stdout)
        sides = {(verdict['protocol'], verdict['side']): verdict['reason'] for verdict in out['verdicts']}
        self.assertEqual((sides['sip', 'calling'], sides['sip', 'called']), ('blocked', 'no-hit'))
        self.push('add', 'domain', 'x.example', '--category', 'other', '--side', 'called', code=2)

    def test_an_expired_block_passes_and_leaves(self):
        Redis(self)
        self.begin()
        self.push('add', 'domain', 'for-a-moment.example', '--category', 'phishing', '--expires', '4s')
        self.becomes(10, 'domain', 'for-a-moment.example')
        self.becomes(0, 'domain', 'for-a-moment.example')
        self.until(lambda: self.metric('telefence_policy_rules{kind="domain"}') == 0, 'leaving')

    def test_time_from_push_to_enforced(self):
        Redis(self)
        self.begin()
        self.until(lambda: self.feed()['connected'], 'connection')
        propagation, apply = [], []
        for i in range(30):
            sequence = json.loads(self.push('add', 'domain', 'n%d.example' % i, '--category', 'phishing', '--json').stdout)['seq']
            time.sleep(0.02)  # whoever asks takes the core that the feed needs
            self.until(lambda s=sequence: self.metric('telefence_policy_sequence') == s, 'sequence')
            propagation.append(1000 * self.metric('telefence_policy_propagation_seconds'))
            apply.append(1000 * self.metric('telefence_policy_apply_seconds'))
        print('push to enforced, ms: median %.1f, largest %.1f; of that on the edge: median %.2f, largest %.2f' % (
            statistics.median(propagation), max(propagation), statistics.median(apply), max(apply)))
        self.assertLess(statistics.median(propagation), 1000)

    def test_a_log_deleted_under_the_daemon_loses_no_block_and_is_told(self):
        redis = Redis(self)
        self.begin()
        for i in range(3):
            self.push('add', 'domain', 'old%d.example' % i, '--category', 'phishing')
        self.becomes(10, 'domain', 'old2.example')
        redis.ask('DEL', 'tf:1:log')
        self.push('add', 'domain', 'lost.example', '--category', 'phishing')
        self.becomes(10, 'domain', 'lost.example')
        self.assertEqual(self.metric('telefence_policy_gaps_total{reason="reset"}'), 1)
        self.assertIn('Redis lost data', ' '.join(self.ready()['reasons']))
        self.assertIn('telefenced: feed: the log ends before batch 3-0', self.log())
        self.assertEqual(self.verdict('domain', 'old2.example'), 10)

    def test_redis_lost_and_back_are_lines_of_the_log(self):
        redis = Redis(self)
        self.begin()
        self.until(lambda: self.metric('telefence_redis_up') == 1, 'connection')
        redis.stop()
        self.until(lambda: self.metric('telefence_redis_up') == 0, 'loss')
        self.assertIn('Redis is away', ' '.join(self.ready()['reasons']))
        redis.start()
        self.push('add', 'domain', 'later.example', '--category', 'phishing')
        self.becomes(10, 'domain', 'later.example')
        self.until(lambda: 'is back after' in self.log(), 'line of the log')

    def test_password_and_user_for_pushing_and_reading(self):
        Redis(self, '--requirepass', 'centre', '--user', 'edge', 'on', '>reader', '~tf:*', '+xread', '+xrange', '+xinfo|stream', '+xlen')
        self.write('edge.pass', 'reader\n')
        self.write('centre.pass', 'centre\n')
        self.write('wrong.pass', 'wrong\n')
        self.begin(', user: edge, password_file: edge.pass')
        add = ('add', 'domain', 'fresh-scam.example', '--category', 'phishing')
        self.assertIn('--redis-password-file', self.push(*add, code=5).stderr)
        self.assertIn('--redis-password-file', self.push(*add, '--redis-password-file', 'wrong.pass', code=5).stderr)
        self.assertIn('may not', self.push(*add, '--redis-user', 'edge', '--redis-password-file', 'edge.pass', code=5).stderr)
        self.push(*add, '--redis-user', 'edge', code=2)
        self.push(*add, '--redis-password-file', 'centre.pass')
        self.becomes(10, 'domain', 'fresh-scam.example')
        done = self.tool('push', 'remove', 'domain', 'fresh-scam.example', TELEFENCE_REDIS='unix:redis.sock',
                         TELEFENCE_REDIS_USER='default', TELEFENCE_REDIS_PASSWORD_FILE='centre.pass')
        self.expect(done, 0)
        self.becomes(0, 'domain', 'fresh-scam.example')

    def test_a_foreign_entry_of_the_log_is_passed_over_with_a_note(self):
        redis = Redis(self)
        self.begin()
        redis.ask('XADD', 'tf:1:log', '52-3', 'hello', 'world')
        done = self.push('add', 'domain', 'fresh-scam.example', '--category', 'phishing', '--json')
        self.assertEqual(json.loads(done.stdout)['seq'], 53)
        self.assertIn('redis-cli XDEL tf:1:log 52-3', done.stderr)
        self.becomes(10, 'domain', 'fresh-scam.example')


class Samples(program.ProgramTest):
    def test_check_runs_the_samples_of_patterns(self):
        self.write('patterns.yaml', '''
patterns:
  - {id: harmful, name: {en: a, zh: a}, text: abcdefg, must_match: [abcdefg], must_not_match: [abcdefg]}
  - {id: doubtful, name: {en: b, zh: b}, text: hijklmn, must_match: [never], must_not_match: [x]}
  - {id: sound, name: {en: c, zh: c}, text: opqrstu, must_match: [opqrstu], must_not_match: [x]}
''')
        file = self.policy(more='  patterns: [patterns.yaml]\nports: [{name: a, device: net_null0}]\nmirror: [a]\n')
        done = self.expect(self.daemon('check', file), 3)
        self.assertIn('left out: %s:3: "harmful": this pattern is left out: it matches its own innocent sample "abcdefg"'
                      % self.path('patterns.yaml'), done.stderr)
        self.assertIn('in force, but: %s:4: "doubtful": it does not match its own sample "never"' % self.path('patterns.yaml'),
                      done.stderr)
        self.assertIn('2 patterns', done.stdout)
        self.assertIn('1 signature entry left out, 1 in force but doubtful', done.stdout)
        told = json.loads(self.expect(self.daemon('check', file, '--json'), 3).stdout)
        self.assertEqual([(one['value'], one['left_out']) for one in told['complaints']], [('harmful', True), ('doubtful', False)])


class PushWithoutServer(program.ProgramTest):
    def test_a_malformed_server_is_usage(self):
        for server in ('localhost', 'redis://x', 'unix:', '1.2.3.4:99999'):
            self.expect(self.tool('push', 'add', 'domain', 'x.example', '--category', 'phishing', '--redis', server), 2)

    def test_numbers_are_judged_by_the_home_country_of_the_edges(self):
        push = ('push', 'add', 'number', '44*', '--category', 'spoofed-caller', '--redis', 'unix:none.sock')
        self.expect(self.tool(*push), 5)
        self.expect(self.tool(*push, '--home-country', '44'), 3)


if __name__ == '__main__':
    program.main()
