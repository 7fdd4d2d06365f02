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


class DaemonTest(program.ProgramTest):
    def launch(self, *arguments, mode='enforce', more='', ports=PORTS):
        self.count = self.capture()
        packets.write_pcap(self.path('empty.pcap'), [])
        file = self.policy(mode=mode, more=more + ports % {'folder': self.folder})
        log = open(self.path('log'), 'a')
        self.addCleanup(log.close)
        self.process = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefenced'), 'run', '-c', file, '--json',
                                         *arguments], stdout=subprocess.PIPE, stderr=log, text=True,
                                        cwd=self.folder)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def begin(self, *arguments, **more):
        self.launch(*arguments, **more)
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

    def change(self, old, new):
        config = pathlib.Path(self.path('policy.yaml'))
        text = config.read_text()
        self.assertIn(old, text)
        config.write_text(text.replace(old, new))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(20), 0, self.log())


class Run(DaemonTest):
    def test_from_start_to_stop(self):
        summary = self.begin()
        self.assertEqual((summary['mode'], summary['workers'], summary['signatures']['domains']), ('enforce', 1, 1))
        self.until(lambda: self.status()['packets']['received'] == self.count, 'receiving')
        self.until(lambda: sum(self.status()['packets']['fates'].values()) == self.count, 'fates')
        status = self.status()
        self.assertTrue(status['ready'], status)
        self.assertIn('telefence_packets_total', status['metrics'])
        metrics = urllib.request.urlopen(summary['metrics'], timeout=10).read().decode()
        self.assertIn('telefence_build_info{version=', metrics)
        self.assertIn('telefence_mode{mode="enforce"} 1', metrics)
        table = self.ask('status', '--lang', 'en')
        self.assertIn('blocked', table)
        self.assertIn('messages (one that is sent again after it was blocked counts once)', table)
        self.assertIn('packets (what is sent again counts each time)', table)
        self.assertIn('已拦截', self.ask('status', '--lang', 'zh'))
        answer = json.loads(self.ask('test', 'domain', 'www.bad.example', '--json', code=10))
        self.assertEqual(answer['mode'], 'enforce')
        self.ask('test', 'domain', 'fine.example')
        self.end()
        records = lines(pathlib.Path(self.path('eve.json')).read_text())
        self.assertEqual(len(records), 3)
        # Readers of EVE take a record with this key for one of an offline capture.
        self.assertFalse(any('pcap_cnt' in record for record in records))
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

    def test_a_start_that_fails_waits_for_no_list(self):
        file = self.policy(more='ports: [{name: a, device: "no_such_nic0"}]\nmirror: [a]\nengine: {hugepages: "off"}\n'
                                'listen: {web: "off", control: "%s"}\n' % self.path('control.sock'))
        os.remove(self.path('numbers.txt'))
        os.mkfifo(self.path('numbers.txt'))  # whoever reads it waits for ever
        self.assertIn('no_such_nic0', self.expect(self.daemon('run', '-c', file), 4).stderr)

    def test_second_writer_of_one_record_file_is_refused(self):
        self.begin()
        other = PORTS.replace('control.sock', 'other.sock')
        self.process_of_first = self.process
        self.launch(ports=other)
        self.assertEqual(self.process.wait(20), 4, self.log())
        self.assertIn('another telefenced writes it', self.log())
        self.assertFalse(os.path.exists(self.path('other.sock')))
        self.process = self.process_of_first
        self.end()

    def test_speaks_the_language_of_the_node(self):
        self.begin(more='node: {language: zh-CN}\n')
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: '重新加载：完成' in self.log(), 'reload in Chinese')
        self.end()
        self.assertIn('已停止', self.log())


class Reload(DaemonTest):
    def test_an_earlier_version_is_put_in_force_and_stays_until_it_is_taken_back(self):
        self.begin()
        asked = ('test', 'domain', 'later.example', '--socket', self.path('control.sock'))
        pathlib.Path(self.path('domains.txt')).write_text('bad.example\nlater.example\n')
        self.ask('reload')
        self.expect(self.tool(*asked), 10)
        versions = json.loads(self.ask('policy', 'versions', '--json'))
        self.assertEqual([one['version'] for one in versions['versions']], [2, 1])
        self.assertEqual([one['cause'] for one in versions['versions']], ['reload', 'start'])
        self.assertEqual((versions['in_force'], versions['newest']), (2, 2))
        self.assertIn('version 1 is in force', self.ask('policy', 'rollback', '1'))
        self.expect(self.tool(*asked), 0)
        self.assertIn('version 1 of the signatures was put in force by hand', self.ask('status'))
        self.assertIn('<- in force', self.ask('policy', 'versions').splitlines()[2])
        # A reload makes a version that waits.
        self.ask('reload')
        self.expect(self.tool(*asked), 0)
        self.assertIn('version 3, the newest, is in force', self.ask('policy', 'rollback', 'newest'))
        self.expect(self.tool(*asked), 10)
        self.assertNotIn('by hand', self.ask('status'))
        for wrong in ('77', 'x', '0', '-1'):
            self.assertIn('version', self.expect(self.tool('policy', 'rollback', '--socket', self.path('control.sock'), '--', wrong), 2).stderr)
        self.assertIn('put in force by root', self.log())
        self.end()

    def test_a_list_that_lost_most_of_its_entries_is_held_back(self):
        self.begin()
        names = pathlib.Path(self.path('domains.txt'))
        names.write_text(''.join('n%d.example\n' % i for i in range(1000)))
        self.ask('reload')
        names.write_text(''.join('n%d.example\n' % i for i in range(400)))
        done = self.expect(self.tool('reload', '--socket', self.path('control.sock')), 3)
        self.assertIn('domains.txt had 1000 entries and now has 400', done.stderr)
        self.assertIn('Nothing was changed', done.stderr)
        self.ask('test', 'domain', 'n999.example', code=10)
        self.assertIn('the last reload was refused: lists have shrunk', self.ask('status'))
        self.assertIn('最近一次重新加载被拒绝：', self.ask('status', '--lang', 'zh'))
        self.ask('reload', '--accept-shrunk')
        self.assertNotIn('refused', self.ask('status'))
        self.ask('test', 'domain', 'n999.example', code=0)
        names.write_text(''.join('n%d.example\n' % i for i in range(250)))
        self.ask('reload')
        self.end()

    def test_changes_that_need_a_restart_are_named_in_reply_log_and_status(self):
        self.begin()
        self.assertEqual(self.status()['needs_restart'], [])
        self.change('eve.json"}', 'other.json", numbers: full}')
        self.change('mode: enforce', 'mode: monitor')
        done = self.expect(self.tool('reload', '--socket', self.path('control.sock')), 0)
        self.assertIn('records.file (line ', done.stderr)
        self.assertIn('mode monitor', done.stdout)
        reply = json.loads(self.ask('reload', '--json'))
        line = pathlib.Path(self.path('policy.yaml')).read_text().splitlines().index
        self.assertEqual([change['key'] for change in reply['needs_restart']], ['records.file', 'records.numbers'])
        self.assertIn('need a restart: records.file (line ', self.log())
        status = self.status()
        self.assertEqual((status['mode'], status['needs_restart']), ('monitor', reply['needs_restart']))
        self.assertIn('records.numbers', self.ask('status', '--lang', 'en'))
        self.change('other.json", numbers: full}', 'eve.json"}')
        self.ask('reload')
        self.assertEqual(self.status()['needs_restart'], [])
        self.end()

    def test_a_protocol_that_is_switched_off_is_off(self):
        self.begin(more='protocols:\n  sip: {on: true}\n')
        self.change('sip: {on: true}', 'sip: {on: false}')
        reply = json.loads(self.ask('reload', '--json'))
        self.assertEqual((reply['ok'], reply['needs_restart']), (True, []))
        self.end()

    def test_named_cores_are_still_there_after_the_start(self):
        # DPDK binds the control thread to its core; the others are no less this machine's.
        core = max(os.sched_getaffinity(0))
        self.begin(ports=PORTS.replace('"off"', '"off", workers: "%d"' % core))
        self.assertEqual(json.loads(self.ask('reload', '--json'))['needs_restart'], [])
        self.end()

    def test_a_refused_file_is_a_failure_that_names_all_mistakes(self):
        self.begin()
        self.change('mode: enforce', 'moed: enforce\nports_: 1')
        done = self.expect(self.tool('reload', '--socket', self.path('control.sock')), 3)
        for word in ('moed', 'ports_', 'Nothing was changed'):
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stdout, '')
        self.assertIn('2 mistakes', self.log())
        reply = json.loads(self.expect(self.tool('reload', '--json', '--socket', self.path('control.sock')), 3).stdout)
        self.assertEqual((reply['ok'], reply['code'], len(reply['mistakes'])), (False, 3, 2))
        self.assertEqual(self.status()['mode'], 'enforce')
        self.end()


class Signals(DaemonTest):
    def test_a_start_that_hangs_can_be_ended(self):
        os.mkfifo(self.path('never.fifo'))
        for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.launch(ports=PORTS.replace('in.pcap', 'never.fifo'))
            time.sleep(0.7)
            self.assertIsNone(self.process.poll(), self.log())
            self.process.send_signal(ending)
            self.assertEqual(self.process.wait(2), -ending)

    def test_a_pipe_that_nobody_reads_is_no_place_for_records(self):
        os.mkfifo(self.path('records.fifo'))
        self.launch(ports=PORTS.replace('eve.json', 'records.fifo'))
        self.assertEqual(self.process.wait(20), 4, self.log())
        self.assertIn('a pipe that nobody reads', self.log())

    def test_a_worker_that_stands_still_is_seen_and_does_not_keep_the_process(self):
        # A driver that hangs: net_pcap waits in read(2) for a pipe whose writer is silent.
        os.mkfifo(self.path('silent.fifo'))
        self.launch(ports=PORTS.replace('in.pcap', 'silent.fifo'))
        with open(self.path('silent.fifo'), 'wb') as writer:
            writer.write(pathlib.Path(self.path('in.pcap')).read_bytes())
            writer.flush()
            self.assertTrue(self.process.stdout.readline(), self.log())
            self.until(lambda: not self.status()['ready'], 'a node that is not ready')
            self.assertIn('worker w0 stands still', ' '.join(self.status()['reasons']))
            self.assertIn('工作线程 w0 已停滞', self.ask('status', '--lang', 'zh'))
            self.until(lambda: 'worker w0 stands still' in self.log(), 'a line in the log')
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            self.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.process.wait(2), -signal.SIGTERM)


class Events(DaemonTest):
    # Both ports wait for the test: the first packet comes when a reader is there.
    LATE = PORTS.replace('in.pcap', 'late.fifo')

    def read(self, *arguments):
        reader = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefence'), 'events', *arguments, '--socket',
                                   self.path('control.sock')], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(reader.stdout.close)
        self.addCleanup(reader.stderr.close)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        return reader

    def begin_late(self):
        if not os.path.exists(self.path('late.fifo')):
            os.mkfifo(self.path('late.fifo'))
        self.launch(ports=self.LATE, more='    - {file: tagged.txt, category: gambling, action: tag}\n')
        self.write('tagged.txt', 'tagged.example\n')
        self.writer = open(self.path('late.fifo'), 'wb')
        self.addCleanup(self.writer.close)
        packets.write_pcap(self.path('first.pcap'), [])
        self.writer.write(pathlib.Path(self.path('first.pcap')).read_bytes())
        self.writer.flush()

    def feed(self, frames):
        # net_pcap waits for a whole burst, so innocent ones go behind.
        packets.write_pcap(self.path('more.pcap'), frames + 200 * [packets.ethernet(bytes(46), kind=0x88cc)])
        self.writer.write(pathlib.Path(self.path('more.pcap')).read_bytes()[24:])
        self.writer.flush()

    def query(self, name, number):
        return packets.udp_frame(program.CLIENT, 40000 + number, program.SERVER, 53, program.messages.dns_query(name, identification=number))

    def test_each_interception_is_a_line_that_says_what_became_of_it(self):
        self.begin_late()
        self.assertTrue(self.process.stdout.readline(), self.log())
        readers = [self.read('-f', '--lang', 'en'), self.read('--lang', 'zh'), self.read('--json')]
        self.until(lambda: 'telefence' in self.ask('status'), 'an answer')
        time.sleep(0.3)
        self.feed([self.query('www.bad.example', 1), self.query('www.tagged.example', 2)])
        english = [readers[0].stdout.readline() for _ in range(2)]
        self.assertRegex(english[0], r'^\d\d:\d\d:\d\d\.\d{3}  dns +blocked +answer nxdomain +phishing +www\.bad\.example +bad\.example ')
        self.assertRegex(english[1], r' dns +tagged +tag +gambling +www\.tagged\.example ')
        self.assertEqual(english[0].index('www.bad'), english[1].index('www.tagged'))
        chinese = [readers[1].stdout.readline() for _ in range(2)]
        self.assertRegex(chinese[0], '域名解析 +拦截 +应答拒绝 域名不存在 +仿冒网站 +www')
        self.assertRegex(chinese[1], '标记')
        self.assertEqual(json.loads(readers[2].stdout.readline())['dns']['rrname'], 'www.bad.example')
        self.process.kill()
        self.process.wait()
        for reader in readers[1:]:
            self.assertEqual(reader.wait(5), 5)
        self.assertIn('has gone', readers[2].stderr.read())
        self.assertIn('已退出', readers[1].stderr.read())

    def test_following_goes_on_when_the_daemon_comes_back(self):
        self.begin_late()
        self.assertTrue(self.process.stdout.readline(), self.log())
        reader = self.read('-f', '--json')
        time.sleep(0.3)
        self.process.kill()
        self.process.wait()
        self.writer.close()
        self.assertIn('has gone', reader.stderr.readline())
        self.assertIn('waiting', reader.stderr.readline())
        self.begin_late()
        self.assertTrue(self.process.stdout.readline(), self.log())
        self.assertIn('is back', reader.stderr.readline())
        self.feed([self.query('www.bad.example', 3)])
        self.assertEqual(json.loads(reader.stdout.readline())['dns']['rrname'], 'www.bad.example')
        self.process.kill()


if __name__ == '__main__':
    program.main()
