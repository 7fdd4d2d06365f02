# SPDX-License-Identifier: Apache-2.0
"""Bypass by command, the heartbeat for bypass NICs, and what a start does. Usage: bypass_test.py BUILD_DIR"""
import json
import os
import pathlib
import re
import signal
import stat
import time
import urllib.error
import urllib.request

import daemon_test
import program


class Bypass(daemon_test.DaemonTest):
    def ready(self, summary):
        try:
            with urllib.request.urlopen(summary['metrics'].replace('/metrics', '/readyz'), timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)

    def test_on_and_off_by_command_is_told_everywhere(self):
        summary = self.begin()
        self.until(lambda: self.status()['packets']['received'] == self.count, 'receiving')
        self.assertEqual(self.ready(summary)[0], 200)
        self.assertIn('off', self.ask('bypass', 'status', '--lang', 'en'))
        self.assertIn('packets pass unread', self.ask('bypass', 'on', '--lang', 'en'))
        code, said = self.ready(summary)
        self.assertEqual(code, 503)
        self.assertTrue(any('packets pass unread' in reason for reason in said['reasons']), said)
        status = self.status()
        self.assertEqual((status['bypass']['on'], status['bypass']['cause'], status['ready']), (True, 'command', False))
        self.assertIn('process', status['bypass']['why'])
        self.assertIn('ON', self.ask('status', '--lang', 'en'))
        self.assertIn('旁路', self.ask('status', '--lang', 'zh'))
        metrics = urllib.request.urlopen(summary['metrics'], timeout=10).read().decode()
        self.assertIn('telefence_bypass{cause="command"} 1', metrics)
        self.assertIn('telefence_ready 0', metrics)
        self.assertIn('off', self.ask('bypass', 'off', '--lang', 'en'))
        self.assertEqual(self.ready(summary)[0], 200)
        self.assertIn('bypass on by', self.log())
        self.assertIn('bypass off by', self.log())
        self.end()

    def test_for_some_time_it_ends_by_itself(self):
        self.begin()
        reply = json.loads(self.ask('bypass', 'on', '--for', '2s', '--json'))
        self.assertTrue(reply['on'] and 0 < reply['left_s'] <= 2, reply)
        self.until(lambda: not self.status()['bypass']['on'], 'the end of bypass')
        self.assertIn('its time is over', self.log())
        self.end()

    def test_wrong_requests_say_what_would_be_right(self):
        self.begin()
        socket = ('--socket', self.path('control.sock'))
        self.assertIn('90s', self.expect(self.tool('bypass', 'on', '--for', 'soon', *socket), 2).stderr)
        self.assertIn('with on only', self.expect(self.tool('bypass', 'off', '--for', '5s', *socket), 2).stderr)
        self.expect(self.tool('bypass', 'maybe', *socket), 2)
        self.expect(self.tool('bypass', 'on', '--socket', self.path('none.sock')), 5)
        self.assertFalse(self.status()['bypass']['on'])
        self.end()


class Heartbeat(daemon_test.DaemonTest):
    @staticmethod
    def ports(heartbeat):
        return daemon_test.PORTS.replace('"off"}', '"off", bypass: {heartbeat: %s}}' % heartbeat)

    def kicker(self, body='', every='100ms'):
        script = self.write('kick', '#!/bin/sh\n%s\nprintf "%%s\\n" "$*" >> %s\n' % (body, self.path('kicks')))
        os.chmod(script, os.stat(script).st_mode | stat.S_IXUSR)
        self.write('kicks', '')
        return self.ports('{command: ["%s", "a b", "$HOME"], every: %s}' % (script, every))

    def kicks(self):
        return pathlib.Path(self.path('kicks')).read_text().splitlines()

    def metric(self, result):
        found = re.search(r'telefence_heartbeats_total\{result="%s"\} (\d+)' % result, self.metrics())
        return int(found[1])

    def metrics(self):
        return urllib.request.urlopen(self.summary['metrics'], timeout=10).read().decode()

    def test_it_beats_while_the_workers_turn_and_no_shell_is_between(self):
        self.summary = self.begin(ports=self.kicker())
        self.until(lambda: len(self.kicks()) >= 5, 'heartbeats')
        self.assertEqual(set(self.kicks()), {'a b $HOME'})
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)  # one may be on its way
        before = len(self.kicks())
        time.sleep(1)
        self.assertEqual(len(self.kicks()), before, 'a stopped process must not beat')
        self.process.send_signal(signal.SIGCONT)
        self.until(lambda: len(self.kicks()) > before, 'heartbeats again')
        self.assertLess(len(self.kicks()), before + 8, 'what was missed is not made up for')
        self.assertGreaterEqual(self.metric('sent'), 5)
        self.end()
        after = len(self.kicks())
        time.sleep(0.4)
        self.assertEqual(len(self.kicks()), after)

    def test_a_worker_that_hangs_withholds_it(self):
        self.summary = self.begin(ports=self.kicker())
        self.until(lambda: len(self.kicks()) >= 2, 'heartbeats')
        threads = pathlib.Path('/proc/%d/task' % self.process.pid)
        names = {(thread / 'comm').read_text().strip(): int(thread.name) for thread in threads.iterdir()}
        self.assertIn('telefence:w0', names)
        try:
            hang = program.hang_thread(names['telefence:w0'])
        except OSError as error:
            self.skipTest('threads cannot be stopped here: %s' % error)
        try:
            time.sleep(0.4)
            before = len(self.kicks())
            time.sleep(1)
            self.assertEqual(len(self.kicks()), before, 'the others turn, but packets do not pass')
            self.assertGreater(self.metric('withheld'), 0)
            self.assertTrue(any('has not turned' in reason for reason in self.status()['reasons']))
        finally:
            hang()
        self.until(lambda: len(self.kicks()) > before, 'heartbeats again')
        self.end()

    def test_a_program_that_hangs_or_fails_is_ended_and_counted(self):
        self.summary = self.begin(ports=self.kicker('sleep 60'))
        self.until(lambda: self.metric('failed') >= 3, 'failures')
        self.assertEqual(self.kicks(), [])
        self.assertTrue(any('took too long' in reason for reason in self.status()['reasons']), self.status()['reasons'])
        self.assertTrue(self.status()['ready'], 'packets are filtered all the same')
        self.end()
        self.summary = self.begin(ports=self.kicker('exit 3'))
        self.until(lambda: self.metric('failed') >= 2, 'failures')
        self.assertTrue(any('ended with code 3' in reason for reason in self.status()['reasons']))
        self.end()

    def test_or_it_is_written_into_a_file(self):
        self.write('card', '')
        self.summary = self.begin(ports=self.ports('{file: "%s", every: 50ms}' % self.path('card')))
        self.until(lambda: pathlib.Path(self.path('card')).read_text() == '1\n', 'a heartbeat')
        os.unlink(self.path('card'))
        self.until(lambda: self.metric('failed') >= 1, 'a failure')
        self.assertFalse(os.path.exists(self.path('card')), 'it makes no file')
        self.end()

    def test_mistakes_are_named_with_their_place(self):
        for text, said in (('{command: ["kick"]}', 'whole path'), ('{file: card}', 'begin it with /'), ('{every: 5ms}', '50ms'),
                           ('{command: ["/bin/true"], file: /dev/null}', 'one of the two')):
            file = self.policy(more='ports: [{name: a, device: net_null0}]\nmirror: [a]\nengine: {bypass: {heartbeat: %s}}\n' % text)
            done = self.expect(self.daemon('check', file), 3)
            self.assertIn('bypass.heartbeat', done.stdout + done.stderr)
            self.assertIn(said, done.stdout + done.stderr)
            self.assertRegex(done.stdout + done.stderr, r'policy\.yaml:\d+:\d+')


class Start(daemon_test.DaemonTest):
    def test_signatures_that_cannot_be_read_end_the_start(self):
        # It can be opened, as the check of the configuration does, but reading it fails.
        if not os.access('/proc/self/mem', os.R_OK):
            self.skipTest('there is no /proc/self/mem here')
        file = self.policy(more='ports: [{name: a, device: net_null0}, {name: b, device: net_null1}]\nwire: [[a, b]]\n'
                                'engine: {hugepages: "off"}\nlisten: {web: "off", control: "%s"}\n' % self.path('control.sock'))
        config = pathlib.Path(file)
        config.write_text(config.read_text().replace('file: domains.txt', 'file: /proc/self/mem'))
        done = self.expect(self.daemon('run', '-c', file, '--json'), 3)
        self.assertIn('/proc/self/mem', done.stderr)
        self.assertEqual(done.stdout, '')
        self.assertFalse(os.path.exists(self.path('control.sock')))


if __name__ == '__main__':
    program.main()
