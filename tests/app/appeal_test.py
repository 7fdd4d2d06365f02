# SPDX-License-Identifier: Apache-2.0
"""Against over-blocking, with a real redis-server and a running telefenced: protected names, where a block came from, releases, and the
guard. Usage: appeal_test.py BUILD_DIR"""
import contextlib
import json
import os
import pathlib
import struct
import threading
import time
import unittest

import edge
import feed_test
import program

import messages  # noqa: E402  (program.py knows the folder)
import packets  # noqa: E402

SIGNED = '''  server: "unix:redis.sock"
  signers: [{key: centre.pub, may_be_wide: true}]
'''
UNSIGNED = '  server: "unix:redis.sock"\n  accept_unsigned: true'


class AppealTest(program.ProgramTest):
    def push(self, *arguments, code=0):
        return self.expect(self.tool('push', *arguments, '--redis', 'unix:redis.sock'), code)


class ProtectedNames(AppealTest):
    def setUp(self):
        super().setUp()
        self.names = self.write('needed.txt', '# all need them\nbank.example.cn\n')

    def test_no_push_and_no_batch_blocks_one(self):
        feed_test.Redis(self)
        self.edge = edge.Edge(self, 'e1', '  server: "unix:redis.sock"\n  accept_unsigned: true', policy=', protected: [needed.txt]')
        add = ('add', 'domain', '--category', 'phishing', 'bank.example.cn')
        for value in ('bank.example.cn', 'WWW.bank.example.cn', 'example.cn'):
            done = self.push('add', 'domain', value, '--category', 'phishing', '--protected', 'needed.txt', code=3)
            self.assertIn('protected name', done.stderr)
        self.assertIn('受保护的域名', self.push(*add, '--protected', 'needed.txt', '--lang', 'zh', code=3).stderr)
        self.assertIn('needed.non', self.push(*add, '--protected', 'needed.non', code=2).stderr)
        # Somebody whose list is another one: the edge has the last word.
        self.assertNotIn('protected', self.push(*add, '--protected', 'off').stderr)
        self.assertIn('no list of protected names is installed here', self.push('add', 'domain', 'scam.example', '--category', 'phishing').stderr)
        self.write('scams.txt', 'scam.example\n')
        apply = ('apply', 'scams.txt', '--source', 'list')
        self.assertIn('本机没有受保护域名名单', self.push(*apply, '--lang', 'zh').stderr)
        self.assertNotIn('protected names', self.push(*apply, '--protected', 'needed.txt').stderr)
        self.push('add', 'domain', 'fake.bank.example.cn', '--category', 'phishing', '--protected', 'needed.txt')
        self.edge.becomes(True, 'domain', 'fake.bank.example.cn')
        self.assertFalse(self.edge.blocks('domain', 'bank.example.cn'))
        self.assertFalse(self.edge.blocks('domain', 'login.bank.example.cn'))
        self.assertIn('protected name', json.dumps(self.edge.feed()['complaints']))
        told = self.tool('test', 'domain', 'bank.example.cn', '--socket', 'e1.sock')
        self.assertIn('no list may name it: bank.example.cn is a protected name', told.stdout)

    def test_lists_are_told_of_and_counted(self):
        self.write('feed.txt', 'scam.example\nbank.example.cn\nwww.bank.example.cn\nfake.bank.example.cn\n')
        done = self.expect(self.tool('rules', 'lint', 'feed.txt', '--protected', 'needed.txt'), 3)
        self.assertIn('protected 2', done.stdout + done.stderr)
        told = json.loads(self.expect(self.tool('rules', 'lint', 'feed.txt', '--json', TELEFENCE_PROTECTED='needed.txt'), 3).stdout)
        self.assertEqual((told['total']['protected'], told['total']['accepted']), (2, 2))

    def test_check_reads_the_list_beside_the_configuration_and_names_its_mistakes(self):
        self.write('domains.txt', 'scam.example\nbank.example.cn\n')
        config = '''
version: 1
ports: [{name: a, device: net_null0}]
mirror: [a]
policy: {lists: [{file: domains.txt, kind: domain}]%s}
'''
        file = self.write('check.yaml', config % '')
        # Nothing is installed where the tests run: who has no list at all learns of it, unless the file says that it is meant so.
        self.assertIn('policy.protected: no list of protected names was found', self.expect(self.daemon('check', file), 0).stderr)
        self.assertIn('未找到受保护域名名单', self.expect(self.daemon('check', file, '--lang', 'zh'), 0).stderr)
        self.write('protected-domains.txt', 'bank.example.cn\n')
        self.assertIn('%s:2: "bank.example.cn": bank.example.cn is a protected name' % self.path('domains.txt'),
                      self.expect(self.daemon('check', file), 3).stderr)
        file = self.write('check.yaml', config % ', protected: []')
        self.assertNotIn('protected', self.expect(self.daemon('check', file), 0).stderr)
        self.write('broken.txt', 'fine.example\nhttp://x\n')
        file = self.write('check.yaml', config % ', protected: [broken.txt]')
        done = self.expect(self.daemon('check', file), 3)
        self.assertIn('%s:2: "http://x" is no domain name' % self.path('broken.txt'), done.stderr)

    def test_the_bundled_list_is_taken_by_the_example_configuration(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        self.write('domains.txt', 'icbc.com.cn\nbaidu.com\nscam.example\n')
        done = self.tool('rules', 'lint', 'domains.txt', '--protected', str(root / 'config' / 'protected-domains.txt'), '--json')
        self.assertEqual(json.loads(self.expect(done, 3).stdout)['total']['protected'], 2)


class Traffic(AppealTest):
    """An edge that reads a capture over and over, as fast as it can: what nobody inspects is put between, or records would fill the disk."""
    FILLER = 3000

    def begin(self, frames, redis=UNSIGNED, policy='', more=''):
        filler = [packets.ethernet(bytes(46), kind=0x88cc)] * self.FILLER
        packets.write_pcap(self.path('in.pcap'), frames + filler)
        text = edge.CONFIG.replace('net_null0,no-rx=1', 'net_pcap0,rx_pcap=%s,infinite_rx=1' % self.path('in.pcap'))
        self.edge = edge.Edge(self, 'e1', redis, policy=policy, config=text + more)

    @staticmethod
    def lookup(name, number=1):
        return packets.udp_frame(program.CLIENT, 40000 + number, program.SERVER, 53, messages.dns_query(name, identification=number))


class Explain(Traffic):
    def record(self, name):
        """A record about this name."""
        def find():
            for file in ('eve.json',):
                if os.path.exists(self.path(file)):
                    for line in pathlib.Path(self.path(file)).read_text().splitlines():
                        one = json.loads(line)
                        if name in line:
                            found.append(one)
                            return True
            return False
        found = []
        edge.until(self, find, 'record of ' + name)
        return found[0]

    def explain(self, number, *more, code=0):
        return self.expect(self.tool('explain', '--id', number, '-c', 'e1.yaml', '--socket', 'e1.sock', *more), code)

    def test_a_record_leads_to_its_list_or_its_batch_and_who_signed_it(self):
        feed_test.Redis(self)
        self.tool('keys', 'new', 'centre')
        self.write('list.txt', '# fraud\nlisted.example\n')
        self.write('numbers.txt', '+8613800000001\n+8617012345678\n')
        frames = [self.lookup('www.listed.example'), self.lookup('www.pushed.example', 2),
                  packets.udp_frame(program.CLIENT, 5060, program.SERVER, 5060, messages.sip_request('INVITE', '+8617012345678', '+8613800138000', 'call-1'))]
        lists = ', lists: [{file: list.txt, kind: domain, category: phishing, tier: 1}, {file: numbers.txt, kind: number, category: spoofed-caller}]'
        self.begin(frames, SIGNED, lists, 'records: {file: eve.json, rotate: 1MiB, keep: 5}\n')
        self.push('add', 'domain', 'pushed.example', '--category', 'loan', '--note', 'case 7', '--campaign', 'spring', '--key', 'centre.key')
        pushed, listed, caller = (self.record(name)['telefence']['record_id'] for name in ('pushed.example', 'listed.example', 'spoofed-caller'))
        self.assertRegex(pushed, '^e1-[0-9a-z]+-[0-9a-z]+$')
        answer = json.loads(self.explain(pushed, '--json').stdout)
        place = answer['places'][0]
        key = json.loads(self.tool('keys', 'show', 'centre.pub', '--json').stdout)['id']
        self.assertEqual((place['from'], place['seq'], place['change']['note'], place['change']['campaign']), ('batch', 1, 'case 7', 'spring'))
        self.assertEqual([(one['key'], one['name']) for one in place['signed_by']], [(key, 'centre')])
        self.assertTrue(place['applied'])
        self.assertEqual((answer['in_force'], answer['now']['would_block']), (True, True))
        text = self.explain(pushed).stdout
        for said in (key, 'case 7', 'spring', 'batch 1', 'www.pushed.example would be blocked by node e1'):
            self.assertIn(said, text)
        self.assertIn('仍有效', self.explain(pushed, '--lang', 'zh').stdout)
        answer = json.loads(self.explain(listed, '--json').stdout)
        self.assertEqual([(one['from'], os.path.basename(one['file']), one['line']) for one in answer['places']], [('list', 'list.txt', 2)])
        answer = json.loads(self.explain(caller, '--json').stdout)
        self.assertEqual([(one['line'], one['value']) for one in answer['places']], [(2, '+8617012345678')], 'records mask numbers: the id tells')
        alone = self.expect(self.tool('explain', '--id', pushed, '-c', 'e1.yaml', '--json'), 0)  # the socket is that of the configuration
        self.assertEqual(json.loads(alone.stdout)['now']['would_block'], True)
        # The variable that the quick start exports may be of another Redis: the folder of the configuration has it all the same.
        other = self.tool('explain', '--id', pushed, '-c', 'e1.yaml', '--socket', 'e1.sock', '--json', TELEFENCE_REDIS='unix:none.sock')
        self.assertEqual(json.loads(self.expect(other, 0).stdout)['places'][0]['seq'], 1)
        # What the folder has not is looked for in the log; and nobody is told to do what was done.
        self.write('e2.yaml', pathlib.Path(self.path('e1.yaml')).read_text().replace('e1.state', 'e2.state'))
        for redis, said in (('unix:redis.sock', 'batch 1 of the change log'), ('unix:none.sock', 'not found; looked into: ')):
            text = self.expect(self.tool('explain', '--id', pushed, '-c', 'e2.yaml', '--socket', 'e1.sock', TELEFENCE_REDIS=redis), 0).stdout
            self.assertIn(said, text)
            self.assertNotIn('-c CONFIG', text)
        # Taken back: the batch is still known, and the edge is asked.
        self.push('remove', 'domain', 'pushed.example', '--key', 'centre.key')
        self.edge.becomes(False, 'domain', 'pushed.example')
        answer = json.loads(self.explain(pushed, '--json').stdout)
        self.assertEqual((answer['in_force'], answer['now']['would_block'], answer['since'][0]['change']['op']), (False, False, 'remove'))
        text = self.explain(pushed, '--lang', 'zh').stdout
        self.assertRegex(text, '此后 .*下发者 .*：撤回，来源')
        self.assertIn('域名 pushed.example', text)
        # From the log itself, with the daemon away and no folder.
        self.edge.stop()
        answer = json.loads(self.expect(self.tool('explain', '--id', pushed, '--events', 'eve.json', '--redis', 'unix:redis.sock', '--json'), 0).stdout)
        self.assertEqual((answer['places'][0]['seq'], answer['in_force'], answer['now']['known']), (1, False, False))
        done = self.explain('e1-nosuch-1', code=3)
        self.assertIn('looked into %s' % self.path('eve.json'), done.stderr)

    def test_rotated_files_are_read_too(self):
        line = {'timestamp': 'x', 'event_type': 'anomaly', 'anomaly': {'event': 'bad_checksum'}, 'telefence': {'record_id': 'n-1-1', 'node': 'n'}}
        self.write('eve.json', '')
        self.write('eve.json.1', 'no json n-1-1\n{"telefence":{"record_id":"n-1-11"}}\n')
        self.write('eve.json.2', json.dumps(line) + '\n')
        done = self.expect(self.tool('explain', '--id', 'n-1-1', '--events', 'eve.json', '--socket', 'none.sock'), 0)
        self.assertIn('eve.json.2:1', done.stdout)
        self.assertIn('sign of evasion', done.stdout)
        self.expect(self.tool('explain', '--id', 'n-1-2', '--events', 'eve.json'), 3)


class Release(AppealTest):
    def setUp(self):
        super().setUp()
        feed_test.Redis(self)
        self.tool('keys', 'new', 'centre')
        self.write('list.txt', 'listed.example\n')
        self.edge = edge.Edge(self, 'e1', SIGNED, policy=', lists: [{file: list.txt, kind: domain, category: phishing}]')

    def release(self, *arguments, code=0):
        return self.expect(self.tool('release', *arguments, '--redis', 'unix:redis.sock', '--socket', 'e1.sock', '--key', 'centre.key'), code)

    def test_blocked_released_passes_and_after_the_time_blocked_again(self):
        for value, more in (('pushed.example', ['--category', 'loan']), ('once.example', ['--category', 'loan', '--match', 'exact'])):
            self.push('add', 'domain', value, *more, '--key', 'centre.key')
            self.edge.becomes(True, 'domain', value)
        for value in ('www.below.pushed.example', 'pushed.example', 'listed.example', 'once.example'):
            done = self.release(value, '--for', '2s', '--note', 'appeal 7')
            self.assertIn('blocked now by domain', done.stderr)
            self.assertIn('passes now', done.stderr)
            self.assertFalse(self.edge.blocks('domain', value))
        for value in ('pushed.example', 'listed.example', 'once.example', 'www.below.pushed.example'):
            self.edge.becomes(True, 'domain', value, seconds=10)
        lines = [json.loads(line) for line in pathlib.Path(self.path('centre.audit.jsonl')).read_text().splitlines()]
        released = [line for line in lines if line['what'] == 'released']
        self.assertEqual(len(released), 4)
        self.assertEqual((released[0]['changes'][0]['op'], released[0]['changes'][0]['source'], released[0]['changes'][0]['note']), ('allow', 'release', 'appeal 7'))
        self.expect(self.tool('audit', 'verify', 'centre.audit.jsonl'), 0)

    def test_numbers_and_an_early_end(self):
        self.push('add', 'number', '+86170*', '--category', 'spoofed-caller', '--key', 'centre.key', '--wide-digits', '1')
        self.push('add', 'number', '+8613912345678', '--category', 'spoofed-caller', '--key', 'centre.key')
        self.edge.becomes(True, 'number', '13912345678')
        done = self.release('13912345678', '--for', '1h')
        self.assertIn('telefence push remove number 13912345678 --source release --key centre.key', done.stderr)
        self.assertRegex(done.stderr, r'until 20..-..-.. ..:..:.. [+-]..:..,')
        self.assertFalse(self.edge.blocks('number', '13912345678'))
        self.push('remove', 'number', '13912345678', '--source', 'release', '--key', 'centre.key')
        self.edge.becomes(True, 'number', '13912345678')

    def test_what_no_release_can_beat_says_what_to_do(self):
        self.push('add', 'pattern', '安全账户转账', '--category', 'fake-police', '--key', 'centre.key')
        done = self.release('安全账户转账', '--kind', 'pattern', '--for', '1h', code=2)
        self.assertIn('telefence push remove pattern', done.stderr)
        self.assertIn('撤回', self.release('安全账户转账', '--kind', 'pattern', '--for', '1h', '--lang', 'zh', code=2).stderr)
        self.assertIn('--kind', self.release('shop', '--for', '1h', code=2).stderr)
        self.assertIn('90d', self.release('shop.example', '--for', '91d', code=2).stderr)
        self.edge.becomes(True, 'domain', 'listed.example')
        done = self.release('http://www.listed.example/pay', '--for', '1h', code=2)
        self.assertIn('telefence release', done.stderr)
        self.assertIn('nothing blocks it now', self.release('fine.example', '--for', '1h').stderr)


class Guard(Traffic):
    """Its traffic comes through a pipe, since what is repeated counts once: 100 look-ups of new names every 20 ms, each with its number."""

    def feed_traffic(self):
        pipe, count = self.path('in.pcap'), 0
        with contextlib.suppress(OSError), open(pipe, 'wb', buffering=0) as file:
            file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            while not self.is_over:
                block = b''
                for i in range(100):
                    count += 1
                    zone = 'big' if i < 60 else 'little' if i == 60 else 'known' if i == 61 else 'fine'
                    frame = packets.udp_frame(program.CLIENT, 1024 + count % 60000, program.SERVER, 53,
                                              messages.dns_query('w%d.%s.example' % (count, zone), identification=count % 65536))
                    block += struct.pack('<IIII', count // 1000, count % 1000, len(frame), len(frame)) + frame
                file.write(block)
                time.sleep(0.02)

    OPTIONS = ', guard: {action: %s, window: 10s, least: 50}'

    def begin_with(self, action):
        feed_test.Redis(self)
        self.is_over = False
        os.mkfifo(self.path('in.pcap'))
        writer = threading.Thread(target=self.feed_traffic)
        writer.start()
        self.addCleanup(writer.join)
        self.addCleanup(setattr, self, 'is_over', True)
        config = edge.CONFIG.replace('net_null0,no-rx=1', 'net_pcap0,rx_pcap=' + self.path('in.pcap'))
        self.edge = edge.Edge(self, 'e1', UNSIGNED, policy=self.OPTIONS % action, config=config)
        self.push('add', 'domain', 'known.example', '--category', 'loan')
        self.edge.becomes(True, 'domain', 'known.example')
        edge.until(self, lambda: self.edge.status()['channels']['dns']['blocked'] > 50, 'blocks')
        time.sleep(2.5)  # some looks of the guard

    def outcome(self, word):
        return self.edge.metric('telefence_guard_jumps_total{outcome="%s"}' % word)

    def test_an_entry_that_blocks_most_of_the_traffic_is_rolled_back_and_one_that_blocks_a_little_is_not(self):
        self.begin_with('roll_back')
        self.push('add', 'domain', 'little.example', '--category', 'loan')
        self.edge.becomes(True, 'domain', 'little.example')
        time.sleep(4)
        feed = self.edge.feed()
        self.assertEqual((feed['version'], self.outcome('rolled_back')), (feed['newest_version'], 0))
        good = feed['version']
        self.push('add', 'domain', 'big.example', '--category', 'loan')
        edge.until(self, lambda: self.outcome('rolled_back') == 1, lambda: 'roll-back: ' + self.edge.log(), seconds=12)
        self.assertFalse(self.edge.blocks('domain', 'big.example'))
        self.assertTrue(self.edge.blocks('domain', 'little.example'))
        self.assertEqual(self.edge.feed()['version'], good)
        self.assertIn('telefence policy rollback newest', ' '.join(self.edge.status()['reasons']))
        self.assertIn('the guard put version %d' % good, self.edge.log())
        last = [json.loads(line) for line in pathlib.Path(self.path('e1.state/audit.jsonl')).read_text().splitlines() if '"rollback"' in line][-1]
        self.assertEqual((last['who'], last['version']), ('guard', good))
        # Later ones wait, until somebody says that all is meant; that is not undone.
        self.push('add', 'domain', 'later.example', '--category', 'loan')
        edge.until(self, lambda: self.edge.feed()['newest_version'] == good + 2, 'batch')
        self.assertFalse(self.edge.blocks('domain', 'later.example'))
        self.expect(self.tool('policy', 'rollback', 'newest', '--socket', 'e1.sock'), 0)
        self.edge.becomes(True, 'domain', 'later.example')
        time.sleep(4)
        self.assertTrue(self.edge.blocks('domain', 'big.example'))
        self.assertEqual(self.edge.status()['reasons'], [])

    def test_by_default_it_only_warns(self):
        self.begin_with('warn')
        self.push('add', 'domain', 'big.example', '--category', 'loan')
        edge.until(self, lambda: self.outcome('warned') == 1, lambda: 'warning: ' + self.edge.log(), seconds=12)
        self.assertTrue(self.edge.blocks('domain', 'big.example'))
        self.assertRegex(' '.join(self.edge.status()['reasons']), 'if that is wrong: telefence policy rollback [0-9]+')


if __name__ == '__main__':
    program.main()
