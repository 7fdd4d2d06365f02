# SPDX-License-Identifier: Apache-2.0
"""check, replay and inspect on small files of our own. Usage: captures_test.py BUILD_DIR"""
import json
import os
import pathlib
import subprocess

import program
from program import lines, packets


class Check(program.ProgramTest):
    def test_sound_file_is_ok(self):
        done = self.expect(self.daemon('check', self.policy()), 0)
        self.assertIn('ok', done.stdout)
        self.assertTrue(json.loads(self.expect(self.daemon('check', self.policy(), '--json'), 0).stdout)['ok'])

    def test_all_mistakes_are_told_at_once_with_their_places(self):
        file = self.write('wrong.yaml', 'version: 1\nmoed: enforce\nports: 7\nengine: {frames: many}\n')
        done = self.expect(self.daemon('check', file), 3)
        for place in ('wrong.yaml:2:', 'wrong.yaml:3:', 'wrong.yaml:4:'):
            self.assertIn(place, done.stderr)
        self.assertIn('mode', done.stderr)
        out = json.loads(self.expect(self.daemon('check', file, '--json'), 3).stdout)
        self.assertEqual(sorted({mistake['line'] for mistake in out['mistakes']}), [2, 3, 4])

    def test_bad_list_lines_are_told_and_the_rest_is_counted(self):
        file = self.policy()
        self.write('domains.txt', 'bad.example\ncom.cn\nnot a domain\nworse.example\n')
        done = self.expect(self.daemon('check', file), 3)
        self.assertIn('domains.txt:2', done.stderr)
        self.assertIn('domains.txt:3', done.stderr)
        out = json.loads(self.daemon('check', file, '--json').stdout)
        self.assertEqual(len(out['complaints']), 2)
        self.assertEqual(out['signatures']['domains'], 2)

    def test_a_prefix_of_millions_of_numbers_is_in_force_and_doubted(self):
        file = self.policy()
        self.write('numbers.txt', '+86170*\n13*\n')
        done = self.expect(self.daemon('check', file), 0)
        self.assertIn('in force, but: %s:2: "13*": so short a prefix' % self.path('numbers.txt'), done.stderr)
        self.assertIn('ok, 1 in force but doubtful', done.stdout)
        out = json.loads(self.expect(self.daemon('check', file, '--json'), 0).stdout)
        self.assertTrue(out['ok'])
        self.assertEqual([(one['value'], one['left_out']) for one in out['complaints']], [('13*', False)])
        self.assertIn('这么短的号段', self.expect(self.daemon('check', file, '--lang', 'zh'), 0).stderr)
        self.write('numbers.txt', ''.join('+%d*\n' % number for number in range(3000, 4500)))
        self.assertIn('500 more', self.expect(self.daemon('check', file), 0).stderr)  # more than are shown

    def test_missing_file_is_invalid(self):
        self.expect(self.daemon('check', self.path('none.yaml')), 3)
        self.expect(self.daemon('run', '-c', self.path('none.yaml')), 3)

    def test_what_was_kept_of_the_log_must_fit_too(self):
        os.mkdir(self.path('state'))
        patterns = self.write('patterns.yaml', 'patterns: []\n' + ('#' * 1023 + '\n') * 2048)  # 2 MiB
        file = self.write('kept.yaml', 'version: 1\npolicy: {state_dir: %s, patterns: [%s]}\nredis: {server: "unix:redis.sock"}\n' % (self.path('state'), patterns))
        self.expect(self.daemon('check', file), 0)
        manifest = json.dumps({'v': 1, 'seq': 7, 'hash': '', 'domains': 10**12, 'numbers': 0, 'others': 0, 'removed': 0, 'chunks': []}) + '\n'
        self.write('state/snapshot', 'telefence snapshot 1\n%d\n%s' % (len(manifest), manifest))
        done = self.expect(self.daemon('check', file), 3)
        self.assertRegex(done.stderr, r'policy\.state_dir: the lists and pattern files need 10 MiB, the 1000000000000 entries kept of the change log \d{8} MiB and the workers '
                                      r'\d+ MiB, together \d{8} MiB, but only \d+ MiB of memory are free')
        self.assertRegex(self.expect(self.daemon('check', file, '--lang', 'zh'), 3).stderr, '已保存的变更日志（1000000000000 条）需要 [0-9]{8} MiB')

    def test_signatures_are_examined_although_the_configuration_has_mistakes(self):
        file = self.policy(more='    - {file: none.txt}\nmoed: enforce\n')
        self.write('domains.txt', 'bad.example\ncom.cn\n')
        done = self.expect(self.daemon('check', file), 3)
        for word in ('none.txt', 'moed', 'domains.txt:2'):
            self.assertIn(word, done.stderr)
        self.assertIn('2 mistakes, 1 signature entry left out', done.stdout)
        out = json.loads(self.daemon('check', file, '--json').stdout)
        self.assertEqual((len(out['mistakes']), len(out['complaints']), out['signatures']['domains']), (2, 1, 1))

    def test_what_was_not_examined_is_not_called_right(self):
        file = self.policy(more='engine: [\n')
        done = self.expect(self.daemon('check', file), 3)
        self.assertIn('1 mistake, signatures not examined', done.stdout)
        self.assertIsNone(json.loads(self.daemon('check', file, '--json').stdout)['signatures'])

    def test_a_folder_is_no_configuration(self):
        for verb in (['check'], ['run', '-c'], ['replay', 'in.pcap', '-c']):
            self.assertIn('it is a folder', self.expect(self.daemon(*verb, self.folder), 3).stderr)

    def test_mistakes_and_summary_in_chinese(self):
        file = self.policy(more='moed: enforce\nports: 7\nrecords: {rotate: 5}\n')
        self.write('domains.txt', 'bad.example\ncom.cn\n')
        done = self.expect(self.daemon('check', file, '--lang', 'zh'), 3)
        self.assertIn('未知的键“moed”；是否想写“mode”？', done.stderr)
        self.assertIn('应为列表，实为数字 7', done.stderr)
        self.assertIn('公共后缀', done.stderr)
        self.assertIn('3 处错误，1 条规则未采用', done.stdout)
        self.assertIn('警告', self.daemon('check', self.policy(), LANG='zh_CN.UTF-8').stderr)
        self.assertIn('错误', self.daemon('check', self.policy(more='node: {language: zh-CN, x: 1}\n')).stderr)


class Replay(program.ProgramTest):
    def test_verdicts_are_summed_and_fates_add_up(self):
        count = self.capture()
        done = self.expect(self.daemon('replay', 'in.pcap', '-c', self.policy(), '--json', '--out', 'out.pcap', '--records',
                                       'eve.json'), 0)
        out = json.loads(done.stdout)
        self.assertEqual(out['packets'], count)
        self.assertTrue(out['fates_add_up'])
        self.assertEqual(sum(out['fates'].values()), count)
        self.assertEqual(out['fates'].get('forwarded_unknown_link'), 1)
        self.assertEqual(out['protocols']['dns']['blocked'], 1)
        self.assertEqual(out['protocols']['dns']['allowed'], 1)
        self.assertEqual(out['protocols']['http']['blocked'], 1)
        self.assertEqual(out['protocols']['sip']['blocked'], 1)
        self.assertEqual(out['categories'], {'phishing': 2, 'spoofed-caller': 1})
        records = lines(pathlib.Path(self.path('eve.json')).read_text())
        self.assertEqual(len(records), 3)
        self.assertTrue(all(record['alert']['action'] == 'blocked' for record in records))
        self.assertEqual({record['telefence']['channel'] for record in records}, {'dns', 'web', 'call'})
        self.assertEqual(records[0]['pcap_cnt'], 1)
        self.assertNotIn('17012345678', json.dumps(records))
        left = packets.read_pcap(self.path('out.pcap'))
        self.assertEqual(len(left), out['transmitted'])

    def test_record_of_a_neutralised_message_names_its_true_recipient(self):
        file = self.policy()
        segment = packets.tcp_frame(program.CLIENT, 40003, program.SERVER, 2775,
                                    program.messages.smpp_submit(1, '17012345678', '13800138000', '您好'))
        packets.write_pcap(self.path('in.pcap'), [segment])
        self.expect(self.daemon('replay', 'in.pcap', '-c', file, '--records', 'eve.json', '--out', 'out.pcap'), 0)
        record = lines(pathlib.Path(self.path('eve.json')).read_text())[0]
        self.assertEqual((record['telefence']['fate'], record['sms']['to']), ('neutralised', '138****8000'))
        self.assertNotIn(b'13800138000', packets.read_pcap(self.path('out.pcap'))[0])

    def test_monitor_touches_nothing_and_enforce_can_be_asked_for(self):
        count = self.capture()
        file = self.policy(mode='monitor')
        out = json.loads(self.expect(self.daemon('replay', 'in.pcap', '-c', file, '--json', '--out', 'out.pcap'), 0).stdout)
        self.assertEqual(out['transmitted'], count)
        self.assertEqual(packets.read_pcap(self.path('out.pcap')), packets.read_pcap(self.path('in.pcap')))
        self.assertEqual(out['protocols']['dns']['monitor'], 1)
        out = json.loads(self.expect(self.daemon('replay', 'in.pcap', '-c', file, '--json', '--enforce'), 0).stdout)
        self.assertEqual(out['protocols']['dns']['blocked'], 1)

    def test_text_for_people_says_that_fates_add_up(self):
        self.capture()
        text = self.expect(self.daemon('replay', 'in.pcap'), 0).stdout
        self.assertIn('they add up', text)

    def test_without_a_configuration_it_says_that_nothing_can_match(self):
        self.capture()
        done = self.expect(self.daemon('replay', 'in.pcap', '--json'), 0)
        self.assertIn('no signatures are loaded', done.stderr)
        self.assertEqual(sum(json.loads(done.stdout)['signatures'].values()), 0)
        self.assertNotIn('no signatures', self.daemon('replay', 'in.pcap', '-c', self.policy()).stderr)

    def test_records_and_out_are_both_written_anew(self):
        self.capture()
        for _ in range(2):
            self.expect(self.daemon('replay', 'in.pcap', '-c', self.policy(), '--out', 'out.pcap', '--records', 'eve.json'), 0)
        self.assertEqual(len(lines(pathlib.Path(self.path('eve.json')).read_text())), 3)

    def test_all_records_stand_in_the_file_that_was_named(self):
        queries = [packets.udp_frame(program.CLIENT, 40000, program.SERVER, 53, program.messages.dns_query('bad.example', identification=n)) for n in range(4000)]
        packets.write_pcap(self.path('in.pcap'), queries)
        file = self.policy(more='records: {rotate: 1MiB, keep: 0}\n')
        self.expect(self.daemon('replay', 'in.pcap', '-c', file, '--records', 'eve.json'), 0)
        text = pathlib.Path(self.path('eve.json')).read_text()
        self.assertGreater(len(text), 1 << 20)
        self.assertEqual(len(lines(text)), 4000)
        os.mkfifo(self.path('pipe'))
        reader = subprocess.Popen(['head', '-c', '100', self.path('pipe')], stdout=subprocess.DEVNULL)
        self.addCleanup(reader.wait)
        for _ in range(200):  # until the reader has opened it
            done = self.expect(self.daemon('replay', 'in.pcap', '-c', file, '--records', 'pipe'), 4)
            if 'a pipe that nobody reads' not in done.stderr:
                break
        self.assertRegex(done.stderr, r'\d+ of the records are lost: ')
        if os.path.exists('/dev/full'):
            done = self.expect(self.daemon('replay', 'in.pcap', '-c', file, '--records', '/dev/full'), 4)
            self.assertIn('4000 of the records are lost: records can\'t be written to /dev/full', done.stderr)

    def test_a_capture_is_not_written_over_while_it_is_read(self):
        self.capture()
        before = pathlib.Path(self.path('in.pcap')).read_bytes()
        os.symlink('in.pcap', self.path('link.pcap'))
        os.link(self.path('in.pcap'), self.path('twin.pcap'))
        for arguments in (['--out', 'in.pcap'], ['--out', './in.pcap'], ['--records', 'in.pcap'], ['--out', 'link.pcap'],
                          ['--records', 'twin.pcap'], ['--out', 'new', '--records', 'new']):
            done = self.expect(self.daemon('replay', 'in.pcap', *arguments), 2)
            self.assertIn('a name of its own', done.stderr)
        self.assertEqual(pathlib.Path(self.path('in.pcap')).read_bytes(), before)

    def test_summary_in_chinese(self):
        self.capture()
        text = self.expect(self.daemon('replay', 'in.pcap', '-c', self.policy(), '--lang', 'zh'), 0).stdout
        for word in ('报文去向', '仿冒网站', '本应拦截', '已检查，转发'):
            self.assertIn(word, text)

    def test_what_is_no_capture_fails_with_a_sentence(self):
        self.write('in.pcap', 'hello')
        self.assertIn('in.pcap', self.expect(self.daemon('replay', 'in.pcap'), 3).stderr)
        self.assertIn('none.pcap', self.expect(self.daemon('inspect', 'none.pcap'), 3).stderr)
        done = self.expect(self.daemon('replay', 'none.pcap', '--lang', 'zh'), 3)
        self.assertIn('无法打开', done.stderr)


class Inspect(program.ProgramTest):
    COMMON = {'frame', 'kind', 'protocol', 'src', 'sport', 'dst', 'dport'}

    def test_each_message_is_one_line_with_exactly_its_keys(self):
        self.capture()
        events = lines(self.expect(self.daemon('inspect', 'in.pcap'), 0).stdout)
        self.assertEqual([(event['frame'], event['kind']) for event in events],
                         [(1, 'dns'), (2, 'dns'), (3, 'http'), (5, 'tls'), (6, 'sms'), (7, 'sip-call')])
        own = {'dns': {'name'}, 'http': {'name', 'uri'}, 'tls': {'name'}, 'sms': {'calling', 'called', 'text'},
               'sip-call': {'calling', 'called'}}
        for event in events:
            self.assertEqual(set(event), self.COMMON | own[event['kind']])
        self.assertEqual(events[0]['name'], 'www.bad.example')
        self.assertEqual((events[0]['src'], events[0]['dport']), (program.CLIENT, 53))
        self.assertEqual(events[2]['uri'], '/pay')
        self.assertEqual((events[4]['called'], events[4]['text']), ('13800138000', program.FRAUD))
        self.assertEqual(events[5]['calling'], '+8617012345678')

    def test_repeated_datagrams_are_messages_of_their_own(self):
        query = packets.udp_frame(program.CLIENT, 40000, program.SERVER, 53, program.messages.dns_query('a.example'))
        packets.write_pcap(self.path('in.pcap'), [query, query])
        self.assertEqual(len(lines(self.daemon('inspect', 'in.pcap').stdout)), 2)


if __name__ == '__main__':
    program.main()
