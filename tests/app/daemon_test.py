# SPDX-License-Identifier: Apache-2.0
"""telefenced run with ports that are capture files, and the tool asking it. Usage: daemon_test.py BUILD_DIR"""
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

import program
from program import lines, packets

PORTS = '''
ports:
  - {name: access, device: "net_pcap0,rx_pcap=%(folder)s/in.pcap,tx_pcap=%(folder)s/access-out.pcap"}
  - {name: core, device: "net_pcap1,rx_pcap=%(folder)s/empty.pcap,tx_pcap=%(folder)s/core-out.pcap"}
wire: [[access, core]]
engine: {hugepages: "off"}
records: {file: "%(folder)s/eve.json"}
listen: {web: "127.0.0.1:0", control: "%(folder)s/control.sock"}
'''


class Run(program.ProgramTest):
    def begin(self, *arguments, mode='enforce', more=''):
        self.count = self.capture()
        packets.write_pcap(self.path('empty.pcap'), [])
        file = self.policy(mode=mode, more=more + PORTS % {'folder': self.folder})
        log = open(self.path('log'), 'w')
        self.addCleanup(log.close)
        self.process = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefenced'), 'run', '-c', file, '--json',
                                         *arguments], stdout=subprocess.PIPE, stderr=log, text=True,
                                        cwd=self.folder)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        line = self.process.stdout.readline()
        self.assertTrue(line, self.log())
        return json.loads(line)

    def log(self):
        return pathlib.Path(self.path('log')).read_text()

    def ask(self, *arguments, code=0):
        return self.expect(self.tool(*arguments, '--socket', self.path('control.sock')), code).stdout

    def until(self, condition, what):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.02)
        self.fail('%s did not happen; log:\n%s' % (what, self.log()))

    def status(self):
        return json.loads(self.ask('status', '--json'))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(20), 0, self.log())

    def test_from_start_to_stop(self):
        summary = self.begin()
        self.assertEqual((summary['mode'], summary['workers'], summary['signatures']['domains']), ('enforce', 1, 1))
        self.until(lambda: self.status()['packets']['received'] == self.count, 'receiving')
        status = self.status()
        self.assertEqual(sum(status['packets']['fates'].values()), self.count)
        self.assertTrue(status['ready'], status)
        self.assertIn('telefence_packets_total', status['metrics'])
        metrics = urllib.request.urlopen(summary['metrics'], timeout=10).read().decode()
        self.assertIn('telefence_build_info{version=', metrics)
        self.assertIn('telefence_mode{mode="enforce"} 1', metrics)
        table = self.ask('status', '--lang', 'en')
        self.assertIn('blocked', table)
        self.assertIn('已拦截', self.ask('status', '--lang', 'zh'))
        answer = json.loads(self.ask('test', 'domain', 'www.bad.example', '--json', code=10))
        self.assertEqual(answer['mode'], 'enforce')
        self.ask('test', 'domain', 'fine.example')
        self.end()
        self.assertEqual(len(lines(pathlib.Path(self.path('eve.json')).read_text())), 3)
        self.assertFalse(os.path.exists(self.path('control.sock')))

    def test_reload_takes_lists_and_mode_over_and_a_mistake_changes_nothing(self):
        self.begin()
        self.ask('test', 'domain', 'later.example', code=0)
        config = pathlib.Path(self.path('policy.yaml'))
        good = config.read_text()
        pathlib.Path(self.path('domains.txt')).write_text('bad.example\nlater.example\n')
        self.process.send_signal(signal.SIGHUP)
        asked = ('test', 'domain', 'later.example', '--socket', self.path('control.sock'))
        self.until(lambda: self.tool(*asked).returncode == 10, 'reload')
        config.write_text(good.replace('mode: enforce', 'mode: monitor'))
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.status()['mode'] == 'monitor', 'change of mode')
        config.write_text(good + 'nonsense: 1\n')
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: 'nonsense' in self.log(), 'complaint')
        self.assertEqual(self.status()['mode'], 'monitor')
        self.end()

    def test_stops_by_itself_after_seconds(self):
        self.begin('--seconds', '1', '--mode', 'monitor')
        self.assertEqual(self.process.wait(20), 0, self.log())

    def test_port_that_is_not_there_is_exit_code_4_with_one_sentence(self):
        file = self.policy(more='ports: [{name: a, device: "no_such_nic0"}]\nmirror: [a]\nengine: {hugepages: "off"}\n'
                                'listen: {web: "off", control: "%s"}\n' % self.path('control.sock'))
        done = self.expect(self.daemon('run', '-c', file), 4)
        self.assertIn('no_such_nic0', done.stderr)
        self.assertEqual(done.stdout, '')


if __name__ == '__main__':
    program.main()
