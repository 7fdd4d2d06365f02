# SPDX-License-Identifier: Apache-2.0
"""What holds telefence push apply: what its entries would have hit in the edges' samples, and a list that lost much. Usage: apply_guard_test.py BUILD_DIR"""
import json
import pathlib

import edge
import feed_test
import program
import trial_test
from program import messages, packets

NAMES = ['www.popular.example'] * 5 + ['host%d.other%d.example' % (i, i) for i in range(95)]
SIGNED = trial_test.SIGNED


class ApplyGuard(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.redis = feed_test.Redis(self)
        for name in ('centre', 'stranger'):
            self.expect(self.tool('keys', 'new', name), 0)
        frames = [packets.udp_frame(program.CLIENT, 40000 + i, program.SERVER, 53, messages.dns_query(name)) for i, name in enumerate(NAMES)]
        for i in range(20):
            number = '+86%d' % (17012345600 + i if i < 2 else 13800138000 + i)
            frames.append(packets.udp_frame(program.CLIENT, 5060, program.SERVER, 5060, messages.sip_request(
                'MESSAGE', number, '+8613900139000', 'message-%d' % i, body=trial_test.TEXT if i < 4 else '今晚一起吃饭吗 %d' % i, kind='text/plain')))
        packets.write_pcap(self.path('in.pcap'), frames)

    def edges(self, count=1):
        out = [edge.Edge(self, 'edge%d' % i, SIGNED, trial_test.SAMPLED, trial_test.CONFIG) for i in range(count)]
        for one in out:
            edge.until(self, lambda one=one: all(one.metric('telefence_samples_kept{kind="%s"}' % kind) >= 1000 for kind in ('name', 'calling', 'text')),
                       lambda: one.log())
        edge.until(self, lambda: len(self.redis.ask('HKEYS', 'tf:1:trial:nodes').split()) == count, 'announcement')
        return out

    def apply(self, *arguments, code=0, key='centre.key', **environment):
        return self.expect(self.tool('push', 'apply', *arguments, '--source', 'vendor', '--redis', 'unix:redis.sock', '--key', key, **environment), code)

    def told(self, *arguments, code=0, **more):
        return json.loads(self.apply(*arguments, '--json', code=code, **more).stdout)

    def batches(self):
        return int(self.redis.ask('XLEN', 'tf:1:log'))

    def names(self, file, first, end, *more):
        self.write(file, ''.join('%s\n' % name for name in [*('name%d.example' % i for i in range(first, end)), *more]))
        return file

    def audited(self):
        return [json.loads(line) for line in pathlib.Path(self.path('centre.audit.jsonl')).read_text().splitlines()]

    def test_one_bad_entry_among_thousands_holds_the_list(self):
        one, other = self.edges(2)
        self.names('list.txt', 0, 9000, 'popular.example')
        held = self.apply('list.txt', code=3)
        self.assertIn('held, nothing is published; --confirm', held.stderr)
        self.assertIn('domain popular.example: ', held.stderr)
        self.assertIn('sampled at 2 edges', held.stderr)
        self.assertEqual(self.batches(), 0)
        self.assertIn('已搁置，未下发', self.apply('list.txt', '--lang', 'zh', code=3).stderr)
        dry = self.told('list.txt', '--dry-run', code=3)
        self.assertEqual(dry['diff'], {'added': 9001, 'changed': 0, 'removed': 0, 'same': 0, 'needless': 0, 'not_enforced': 0})
        trial = dry['trial']
        self.assertEqual((trial['entries'], trial['of'], trial['hit'], trial['over'], trial['asked'], trial['silent']), (9001, 9001, 1, 1, ['edge0', 'edge1'], []))
        self.assertEqual((trial['lines'][0]['change']['value'], trial['lines'][0]['edges']), ('popular.example', 2))
        self.assertAlmostEqual(trial['lines'][0]['share'], 0.05, delta=0.02)
        text = self.apply('list.txt', '--dry-run', code=3).stdout
        self.assertIn('it would add 9,001, change 0 and remove 0', text)
        self.assertIn('asked 2 edges about 9,001 entries', text)
        self.assertIn('a push is held unless --confirm', text)
        self.assertIn('将新增 9,001、变更 0、删除 0', self.apply('list.txt', '--dry-run', '--lang', 'zh', code=3).stdout)
        self.assertEqual(self.batches(), 0)
        # Confirmed it goes out, and the audit file says so.
        self.apply('list.txt', '--confirm')
        for each in (one, other):
            each.becomes(True, 'domain', 'www.popular.example')
        confirmed = self.audited()[-1]['confirmed']['trial']
        self.assertEqual((confirmed['over'], confirmed['worst'], confirmed['edges']), (1, 'popular.example', 2))
        # What is in force already is not asked about again, and a list without it is not held.
        self.names('list.txt', 0, 9010, 'popular.example')
        again = self.told('list.txt', '--dry-run')
        self.assertEqual((again['diff']['added'], again['diff']['same'], again['trial']['of']), (10, 9001, 10))

    def test_every_kind_is_asked_about(self):
        self.edges()
        lines = [('pattern', '快递.{0,6}驿站', ',"match":"regex"'), ('number', '+86170*', ',"side":"calling"'), ('domain', 'popular.example', ''),
                 ('domain', 'www.popular.example', ',"shadow":true'), ('pattern', '安全账户转账', ''), ('ip', '192.0.2.7', '')]
        ops = ['{"op":"add","kind":"%s","value":"%s","category":"other"%s}' % line for line in lines]
        ops += ['{"op":"allow","kind":"domain","value":"popular.example","source":"city"}', '{"op":"remove","kind":"domain","value":"never.example"}']
        self.write('ops.jsonl', '\n'.join(ops) + '\n')
        dry = self.told('ops.jsonl', '--dry-run', '--wide-digits', '1', code=3)
        self.assertEqual((dry['diff']['added'], dry['diff']['needless'], dry['diff']['not_enforced']), (6, 1, 1))
        self.assertEqual((dry['trial']['entries'], dry['trial']['over']), (4, 3))
        self.assertEqual([line['of'] for line in dry['trial']['lines']], ['texts', 'numbers', 'names'])

    def test_of_too_many_the_widest_are_asked_about(self):
        self.edges()
        deep = ''.join('a%d.b.c.d.example\n' % i for i in range(3000))
        self.write('list.txt', deep + 'popular.example\n')
        trial = self.told('list.txt', '--dry-run', '--most-asked', '50', code=3)['trial']
        self.assertEqual((trial['entries'], trial['of'], trial['over']), (50, 3001, 1))
        self.assertIn('2,951 were not asked about', self.apply('list.txt', '--dry-run', '--most-asked', '50', code=3).stdout)
        self.write('deep.txt', deep + 'host3.other3.example\n' + 'www.popular.example\n' * 2)
        # The one that hits has three labels: it comes before those with five.
        self.assertEqual(self.told('deep.txt', '--dry-run', '--most-asked', '2', code=3)['trial']['entries'], 2)
        self.assertEqual(self.told('deep.txt', '--dry-run', '--most-asked', 'all', code=3)['trial']['entries'], 3002)
        self.assertNotIn('trial', self.told('deep.txt', '--dry-run', '--most-hits', '100%'))
        self.assertIn('--most-asked', self.apply('list.txt', '--most-asked', 'many', code=2).stderr)

    def test_who_does_not_answer_holds_nothing(self):
        one, other = self.edges(2)
        other.stop()
        self.names('list.txt', 0, 100)
        self.assertEqual(self.told('list.txt', '--dry-run')['trial']['silent'], ['edge1'])
        # To a key that is not known nobody answers at all.
        dry = self.told('list.txt', '--dry-run', key='stranger.key')
        self.assertEqual((dry['trial']['silent'], dry['trial']['entries']), (['edge0', 'edge1'], 0))
        done = self.apply('list.txt')
        self.assertIn('1 of 2 edges', done.stderr)
        one.becomes(True, 'domain', 'name99.example')
        # Not a portion: ignored and counted.
        before = one.metric('telefence_trial_requests_total{result="malformed"}')
        self.redis.ask('XADD', 'tf:1:trial', '*', 'id', '1' * 32, 'z', 'nonsense')
        edge.until(self, lambda: one.metric('telefence_trial_requests_total{result="unsigned"}') >= 1, 'refusal')
        self.assertEqual(one.metric('telefence_trial_requests_total{result="malformed"}'), before)

    def test_a_list_that_lost_half_is_held(self):
        one = edge.Edge(self, 'edge', SIGNED)
        self.names('list.txt', 0, 1000)
        self.apply('list.txt', '--replace-list')
        self.names('numbers.txt', 0, 0, *('+86138%08d' % i for i in range(200)))
        self.apply('numbers.txt')
        self.names('short.txt', 0, 400)
        batches = self.batches()
        held = self.apply('short.txt', '--replace-list', code=3)
        self.assertIn('the list of vendor (domain) has 1,000 entries and would have 400: it would lose 60%, and the limit is 50%', held.stderr)
        self.assertIn('vendor 的名单（域名）现有 1,000 条，将只剩 400 条', self.apply('short.txt', '--replace-list', '--lang', 'zh', code=3).stderr)
        told = self.told('short.txt', '--replace-list', code=3)
        self.assertEqual((told['held'], told['diff']['removed'], told['shrunk'][0]['had'], told['shrunk'][0]['has']), (True, 600, 1000, 400))
        self.assertIn('and remove 600; 400 stay', self.apply('short.txt', '--replace-list', '--dry-run', code=3).stdout)
        self.assertEqual(self.batches(), batches)
        self.assertTrue(one.blocks('domain', 'name999.example'))
        # So is one that an op line replaces.
        self.write('ops.jsonl', '{"op":"replace-list","kind":"domain","source":"vendor"}\n{"op":"add","kind":"domain","value":"a.example","source":"vendor"}\n')
        self.apply('ops.jsonl', code=3)
        # Less is no matter, more is allowed by name, and a limit can be another.
        self.apply('short.txt', '--replace-list', '--most-shrink', '60%')
        one.becomes(False, 'domain', 'name999.example')
        self.names('shorter.txt', 0, 100)
        self.apply('shorter.txt', '--replace-list', code=3)
        self.apply('shorter.txt', '--replace-list', '--confirm')
        one.becomes(False, 'domain', 'name399.example')
        self.assertTrue(one.blocks('domain', 'name99.example'))
        self.assertTrue(one.blocks('number', '13800000199'))
        self.assertEqual(self.audited()[-1]['confirmed']['shrunk'][0]['has'], 100)
        # Small lists may lose what they like: of 100 entries one is left, and then it may be another.
        self.names('one.txt', 0, 1)
        self.apply('one.txt', '--replace-list', '--confirm')
        self.names('one.txt', 1, 2)
        self.apply('one.txt', '--replace-list')
        self.assertIn('--most-shrink', self.apply('one.txt', '--replace-list', '--most-shrink', 'half', code=2).stderr)

    def test_what_the_log_says_is_read_from_a_snapshot_too(self):
        signers = '  server: "unix:redis.sock"\n  signers: [{key: centre.pub, may_snapshot: true}]\n'
        one = edge.Edge(self, 'edge', signers)
        self.names('list.txt', 0, 1000)
        self.apply('list.txt', '--replace-list')
        self.expect(self.tool('snapshot', '-c', one.file, '--key', 'centre.key', '--redis', 'unix:redis.sock'), 0)
        self.redis.ask('XTRIM', 'tf:1:log', 'MAXLEN', '0')
        self.names('short.txt', 0, 100)
        self.assertIn('1,000 entries and would have 100', self.apply('short.txt', '--replace-list', code=3).stderr)

    def edge_file(self, *keys):
        signers = ', '.join('{key: %s.pub}' % key for key in keys)
        return self.write('-'.join(keys) + '.yaml', edge.CONFIG % {'name': 'e', 'redis': '  server: "unix:redis.sock"\n  signers: [%s]\n' % signers, 'policy': ''})

    def test_what_edges_refused_is_not_in_force(self):
        self.names('list.txt', 0, 3)
        self.apply('list.txt', key='stranger.key')
        note = '1 batch of the log is not signed by --key'
        for keys, same, is_noted in (((), 0, True), (('centre',), 0, False), (('centre', 'stranger'), 3, False)):
            done = self.apply('list.txt', '--dry-run', '--json', *(('-c', self.edge_file(*keys)) if keys else ()))
            self.assertEqual(json.loads(done.stdout)['diff'], {'added': 3 - same, 'changed': 0, 'removed': 0, 'same': same, 'needless': 0, 'not_enforced': 0}, keys)
            self.assertEqual(note in done.stderr, is_noted, done.stderr)
        self.assertIn('变更流中 1 批不是由 --key 签名', self.apply('list.txt', '--dry-run', '--lang', 'zh').stderr)
        self.apply('list.txt', '-c', 'nowhere.yaml', '--dry-run', code=3)

    def test_what_nobody_took_switches_no_guard_off(self):
        self.edges()
        self.expect(self.tool('push', 'add', 'domain', 'popular.example', '--category', 'phishing', '--source', 'vendor', '--confirm', '--redis', 'unix:redis.sock'), 0)
        self.names('list.txt', 0, 10, 'popular.example')
        batches = self.batches()
        self.assertIn('domain popular.example: ', self.apply('list.txt', '--replace-list', code=3).stderr)
        self.assertEqual(self.batches(), batches)

    def test_a_list_of_a_colleague_is_as_long_as_it_is(self):
        self.names('list.txt', 0, 1000)
        self.apply('list.txt', key='stranger.key')
        self.names('short.txt', 0, 100)
        self.assertIn('1,000 entries and would have 100', self.apply('short.txt', '--replace-list', code=3).stderr)
        self.assertIn('1,000 entries and would have 100', self.apply('short.txt', '--replace-list', '-c', self.edge_file('centre', 'stranger'), code=3).stderr)

    def test_a_log_that_lost_batches_is_told_of(self):
        for i in range(3):
            self.apply(self.names('list%d.txt' % i, 3 * i, 3 * i + 3))
        self.redis.ask('XDEL', 'tf:1:log', '2-0')
        self.assertIn('the log is not whole (batch 3-0 does not follow batch 1)', self.apply('list0.txt', '--dry-run').stderr)
        self.assertIn('变更流不完整（批次 3-0 不接批次 1）', self.apply('list0.txt', '--dry-run', '--lang', 'zh').stderr)

    def test_a_snapshot_of_more_than_the_log_has_hides_nothing(self):
        maker = self.write('maker.yaml', edge.CONFIG % {'name': 'e', 'policy': '', 'redis': '  server: "unix:redis.sock"\n  signers: [{key: centre.pub, may_snapshot: true}]\n'})
        for i in range(2):
            self.apply(self.names('list%d.txt' % i, 3 * i, 3 * i + 3))
        self.expect(self.tool('snapshot', '-c', maker, '--key', 'centre.key', '--redis', 'unix:redis.sock'), 0)
        self.assertEqual(self.told('list0.txt', '--dry-run')['diff']['same'], 3)
        self.redis.ask('DEL', 'tf:1:log')
        self.apply('list1.txt')
        self.assertIn('the log ends with batch 1, before snapshot 2', self.apply('list1.txt', '--dry-run', code=1).stderr)
        self.assertIn('--most-shrink 100%', self.apply('list1.txt', '--replace-list', code=1).stderr)

    def test_a_list_that_cant_be_compared_is_not_replaced(self):
        self.names('list.txt', 0, 200)
        self.apply('list.txt', '--replace-list')
        self.redis.ask('ACL', 'SETUSER', 'writer', 'on', '>secret', '~tf:1:*', '-@all', '+xadd', '+xinfo|stream', '+multi', '+exec', '+watch', '+hgetall')
        self.write('pass', 'secret\n')
        login = ['--redis-user', 'writer', '--redis-password-file', 'pass']
        error = self.apply('list.txt', '--replace-list', *login, code=5).stderr
        self.assertIn("what the log says now can't be read", error)
        self.assertIn('--most-shrink 100%', error)
        self.apply('list.txt', '--replace-list', *login, '--most-shrink', '100%')
        self.apply('list.txt', *login)


if __name__ == '__main__':
    program.main()
