# SPDX-License-Identifier: Apache-2.0
"""The servers of config/redis as they are shipped (TLS, users, replicas, Sentinel), with edges on them, and what fails them: killed, cut
off, emptied, trimmed, stopped. Usage: redis_test.py BUILD_DIR"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import unittest

import edge
import program

CONFIG = program.pathlib.Path(__file__).resolve().parents[2] / 'config' / 'redis'
PASSWORDS = ('EDGE', 'RECEIPTS', 'CENTRE', 'CHECKER', 'REPLICA', 'SENTINEL', 'OPERATOR')


class Node:
    """One redis-server from a file of config/redis, in a folder of its own."""

    def __init__(self, test, name, source, changes=(), sentinel=False):
        self.test, self.name, self.port, self.sentinel = test, name, edge.free_port(), sentinel
        self.folder = test.path(name)
        os.makedirs(self.folder, exist_ok=True)
        text = (CONFIG / source).read_text()
        for old, new in (('tls-port 6380', 'tls-port %d' % self.port), ('tls-port 26380', 'tls-port %d' % self.port),
                         ('dir /var/lib/redis', 'dir %s' % self.folder), ('/etc/redis/telefence', test.path('tls')), *changes):
            if old not in text and old in ('tls-port 6380', 'tls-port 26380'):
                continue
            test.assertIn(old, text, '%s of %s' % (old, source))
            text = text.replace(old, new)
        for password in PASSWORDS:
            text = text.replace(password + '-PASSWORD', password.lower() + '-secret')
        self.file = test.write(name + '.conf', text)
        self.process = None
        test.addCleanup(self.kill)
        self.start()

    def start(self):
        self.log = open(self.test.path(self.name + '.log'), 'a')
        arguments = ['redis-server', self.file] + (['--sentinel'] if self.sentinel else [])
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log, cwd=self.folder)
        edge.until(self.test, lambda: 'PONG' in self.ask('PING'), lambda: 'start of %s:\n%s' % (self.name, pathlib.Path(self.log.name).read_text()))

    def kill(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.process = None

    def empty(self):
        shutil.rmtree(self.folder)
        os.makedirs(self.folder)

    def ask(self, *words):
        return self.ask_as([] if self.sentinel else ['--user', 'operator', '--pass', 'operator-secret', '--no-auth-warning'], *words)

    def ask_as(self, login, *words):
        tls = ['--tls', '--cacert', self.test.path('tls/ca.crt'), '--cert', self.test.path('tls/client.crt'), '--key', self.test.path('tls/client.key')]
        done = subprocess.run(['redis-cli', '-h', '127.0.0.1', '-p', str(self.port), *tls, *login, *words], capture_output=True, text=True,
                              errors='replace', timeout=20, check=False)
        return done.stdout + done.stderr

    def address(self):
        return 'rediss://127.0.0.1:%d' % self.port

    def last(self):
        return self.ask('XREVRANGE', 'tf:1:log', '+', '-', 'COUNT', '1').split('\n')[0]


class RedisServers(program.ProgramTest):
    def setUp(self):
        super().setUp()
        if shutil.which('redis-server') is None or shutil.which('openssl') is None:
            self.skipTest('redis-server or openssl is not installed')
        subprocess.run([CONFIG / 'make-certificates', self.path('tls')], check=True)
        users = (CONFIG / 'users.acl').read_text()
        for password in PASSWORDS:
            users = users.replace(password + '-PASSWORD', password.lower() + '-secret')
            self.write(password.lower() + '.pass', password.lower() + '-secret\n')
        self.write('tls/users.acl', users)
        self.expect(self.tool('keys', 'new', 'centre'), 0)

    def centre(self, name='primary', replicas=0):
        return Node(self, name, 'centre.conf', [('min-replicas-to-write 1', 'min-replicas-to-write %d' % replicas)])

    def region(self, name, of):
        node = Node(self, name, 'region.conf', [('replicaof centre.example 6380', 'replicaof 127.0.0.1 %d' % of.port)])
        edge.until(self, lambda: 'master_link_status:up' in node.ask('INFO', 'replication'), 'replication of ' + name)
        return node

    def edge(self, *nodes, name='edge', more='', policy=''):
        return edge.Edge(self, name, '''  servers: [%s]
  tls: {ca: tls/ca.crt, certificate: tls/client.crt, key: tls/client.key}
  user: edge
  password_file: edge.pass
  signers: [{key: centre.pub}]
%s''' % (', '.join('"%s"' % node.address() for node in nodes), more), policy)

    def try_to_push(self, value, *nodes, op='add'):
        more = ['--category', 'phishing'] if op == 'add' else []
        return self.tool('push', op, 'domain', value, *more, '--key', 'centre.key', '--redis', ','.join(node.address() for node in nodes),
                         '--redis-user', 'centre', '--redis-password-file', 'centre.pass', '--redis-ca', 'tls/ca.crt', '--redis-certificate',
                         'tls/client.crt', '--redis-key', 'tls/client.key')

    def push(self, value, *nodes, code=0, op='add'):
        return self.expect(self.try_to_push(value, *nodes, op=op), code)

    def push_while(self, do, *nodes):
        """Pushes one name after the other from another thread until `do` has been done; those that were confirmed."""
        is_over, confirmed = threading.Event(), []

        def work():
            for i in range(10 ** 6):
                if is_over.is_set():
                    return
                if self.try_to_push('n%d.example' % i, *nodes).returncode == 0:
                    confirmed.append('n%d.example' % i)

        pusher = threading.Thread(target=work)
        pusher.start()
        try:
            do(confirmed)
        finally:
            is_over.set()
            pusher.join()
        return confirmed

    def logs(self):
        return ''.join('\n%s:\n%s' % (file.name, '\n'.join(file.read_text(errors='replace').splitlines()[-12:]))
                       for file in sorted(pathlib.Path(self.folder).glob('*.log')))

    def connected_to(self, one, node):
        feed = one.feed()
        return feed['connected'] and feed['server'] == node.address()

    def test_tls_and_users_as_shipped(self):
        primary = self.centre()
        one = self.edge(primary)
        self.push('a.example', primary)
        one.becomes(True, 'domain', 'a.example')
        # The default user may do everything, for the sake of the append-only file (operate.md), and nobody can be it.
        for login in ([], ['--user', 'default', '--pass', ''], ['--user', 'default', '--pass', 'x']):
            done = primary.ask_as(login, 'XLEN', 'tf:1:log')
            self.assertRegex(done, 'NOAUTH|WRONGPASS')
            self.assertNotRegex(done, r'(?m)^\d')
        # Who is an edge may not write; who has no certificate of this CA does not get in; who is not the server is not believed.
        edge_push = ['push', 'add', 'domain', 'x.example', '--category', 'other', '--redis', primary.address(), '--redis-user', 'edge',
                     '--redis-password-file', 'edge.pass', '--redis-ca', 'tls/ca.crt', '--redis-certificate', 'tls/client.crt', '--redis-key', 'tls/client.key']
        self.assertIn('may not', self.expect(self.tool(*edge_push), 5).stderr)
        self.expect(self.tool(*edge_push[:-4]), 5)
        subprocess.run([CONFIG / 'make-certificates', self.path('other')], check=True)
        wrong_ca = [word.replace('tls/ca.crt', 'other/ca.crt') for word in edge_push]
        self.assertIn('certificate of the server is not taken', self.expect(self.tool(*wrong_ca), 5).stderr)
        wrong_name = [word.replace('127.0.0.1', '127.0.0.2') for word in edge_push]
        self.expect(self.tool(*wrong_name), 5)

    def test_the_second_machine_of_the_centre_has_few_rights(self):
        primary = self.centre()
        for name in ('maker', 'checker'):
            self.expect(self.tool('keys', 'new', name), 0)
        signers = '[{key: centre.pub}, {key: maker.pub, sources: [nobody], may_snapshot: true}, {key: checker.pub, sources: [nobody], may_snapshot: true}]'
        config = self.write('two.yaml', edge.CONFIG % {'name': 'x', 'policy': '', 'redis': '  server: "%s"\n  tls: {ca: tls/ca.crt}\n  snapshot_signers: 2\n  signers: %s\n' % (
            primary.address(), signers)})

        def tool(user, *words):
            return self.tool(*words, '--redis', primary.address(), '--redis-user', user, '--redis-password-file', user + '.pass', '--redis-ca', 'tls/ca.crt',
                             '--redis-certificate', 'tls/client.crt', '--redis-key', 'tls/client.key')

        self.push('a.example', primary)
        self.expect(tool('centre', 'snapshot', '-c', config, '--key', 'maker.key'), 0)
        self.expect(tool('checker', 'snapshot', '-c', config, '--key', 'checker.key', '--cosign'), 0)
        self.expect(tool('checker', 'push', 'timestamp', '--key', 'checker.key'), 0)
        self.push('b.example', primary)
        for words in (('push', 'add', 'domain', 'x.example', '--category', 'other', '--key', 'checker.key'), ('snapshot', '-c', config, '--key', 'checker.key')):
            self.assertNotEqual(tool('checker', *words).returncode, 0, words)
        self.assertEqual(primary.last(), '2-0')
        self.assertEqual(primary.ask('KEYS', 'tf:1:snap:2:*').strip(), '')

    def test_killed_under_load_and_restarted_with_and_without_data(self):
        primary = self.centre()
        one = self.edge(primary)

        def kill_three_times(confirmed):
            for times in range(3):
                edge.until(self, lambda: len(confirmed) >= 5 * (times + 1), 'pushes')
                primary.kill()
                primary.start()
            edge.until(self, lambda: len(confirmed) >= 20, 'pushes')

        confirmed = self.push_while(kill_three_times, primary)
        one.becomes(True, 'domain', confirmed[-1])
        self.assertEqual([name for name in confirmed if not one.blocks('domain', name)], [])
        self.assertEqual(one.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})
        primary.kill()
        primary.empty()
        primary.start()
        self.push('after.example', primary)
        one.becomes(True, 'domain', 'after.example')
        for name in confirmed:
            self.assertTrue(one.blocks('domain', name), name)
        self.assertGreaterEqual(one.feed()['gaps']['reset'], 1)
        self.assertIn('Redis lost data', ' '.join(one.status()['reasons']))

    def test_over_to_the_next_server_and_back(self):
        primary = self.centre()
        near, far = self.region('near', primary), self.region('far', primary)
        one = self.edge(near, far)
        self.push('a.example', primary)
        one.becomes(True, 'domain', 'a.example')
        self.assertTrue(self.connected_to(one, near))
        begin = time.monotonic()
        near.kill()
        edge.until(self, lambda: self.connected_to(one, far), 'fail-over')
        killed = time.monotonic() - begin
        self.push('b.example', primary)
        one.becomes(True, 'domain', 'b.example')
        # A server that is there and says nothing.
        near.start()
        edge.until(self, lambda: near.last() == '2-0', 'near has caught up')
        far.process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        edge.until(self, lambda: self.connected_to(one, near), 'fail-over')
        silent = time.monotonic() - begin
        far.process.send_signal(signal.SIGCONT)
        print('fail-over: %.2f s after kill -9, %.2f s after the server fell silent' % (killed, silent))
        self.assertLess(killed, 2)
        self.assertLess(silent, 2.5)  # of it up to half a second is this test's asking
        self.push('c.example', primary)
        one.becomes(True, 'domain', 'c.example')
        self.assertEqual(one.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})

    def test_snapshots_with_the_rights_as_shipped(self):
        primary = self.centre()
        near = self.region('near', primary)
        signers = '  signers: [{key: centre.pub}, {key: maker.pub, sources: [nobody], may_snapshot: true}]\n  snapshot_spread: 0s\n'
        self.expect(self.tool('keys', 'new', 'maker'), 0)
        one = self.edge(near)
        config = self.write('signers.yaml', pathlib.Path(one.file).read_text().replace('  signers: [{key: centre.pub}]\n', signers))
        make = ['snapshot', '-c', config, '--key', 'maker.key', '--redis', primary.address(), '--redis-user', 'centre', '--redis-password-file', 'centre.pass',
                '--redis-ca', 'tls/ca.crt', '--redis-certificate', 'tls/client.crt', '--redis-key', 'tls/client.key', '--audit', 'maker.audit.jsonl']
        self.assertIn('is empty', self.expect(self.tool(*make), 2).stderr)
        for name in ('a', 'b', 'c'):
            self.push(name + '.example', primary)
        self.push('b.example', primary, op='remove')
        text = self.expect(self.tool(*make, '--trim-older', '1s'), 0).stdout
        self.assertIn('snapshot 4: 2 domains, 0 numbers, 0 others', text)
        self.assertIn('最新快照已到批次 4，其后没有新的下发', self.expect(self.tool(*make, '--lang', 'zh'), 0).stdout)
        self.expect(self.tool('audit', 'verify', 'maker.audit.jsonl'), 0)
        self.push('d.example', primary)
        primary.ask('XTRIM', 'tf:1:log', 'MINID', '5-0')
        edge.until(self, lambda: near.last() == '5-0' and near.ask('XLEN', 'tf:1:log').strip() == '1', 'replication')
        # A new edge has all of it, by the rights that users.acl gives it; it takes the word of the maker.
        fresh = self.edge(near, name='fresh')
        fresh.stop()
        file = pathlib.Path(fresh.file)
        file.write_text(file.read_text().replace('  signers: [{key: centre.pub}]\n', signers))
        shutil.rmtree(self.path('fresh.state'), ignore_errors=True)
        fresh.start()
        fresh.becomes(True, 'domain', 'd.example')
        for name, blocked in (('a', True), ('b', False), ('c', True)):
            self.assertEqual(fresh.blocks('domain', name + '.example'), blocked, name)
        self.assertEqual((fresh.feed()['snapshot'], fresh.feed()['problem']), (4, ''))
        self.assertEqual(fresh.metric('telefence_policy_snapshots_total{result="loaded"}'), 1)
        # As a service: one whenever something was pushed.
        service = subprocess.Popen([os.path.join(program.BUILD, 'src', 'app', 'telefence'), *make, '--batches', '1'], stdout=subprocess.PIPE, text=True,
                                   cwd=self.folder)
        self.addCleanup(service.stdout.close)
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        self.assertIn('snapshot 5: 3 domains', service.stdout.readline())

    def test_a_chain_of_replicas_cut_in_the_middle(self):
        primary = self.centre()
        middle = self.region('middle', primary)
        leaf = self.region('leaf', middle)
        one = self.edge(leaf, more='  receipts: {server: "%s", user: receipts, password_file: receipts.pass}\n' % primary.address())
        self.push('a.example', primary)
        one.becomes(True, 'domain', 'a.example')
        middle.kill()
        self.push('b.example', primary)
        time.sleep(1)
        self.assertTrue(one.feed()['connected'])  # what the leaf has it serves
        self.assertTrue(one.blocks('domain', 'a.example'))
        self.assertFalse(one.blocks('domain', 'b.example'))
        # The leaf knows nothing of it; the primary, which gets the receipts, does.
        said = 'the primary has batch 2, and batch 1 is the newest that came here'
        edge.until(self, lambda: said in ' '.join(one.status()['reasons']), lambda: one.status()['reasons'])
        edge.until(self, lambda: said in primary.ask('HGET', 'tf:1:node:edge', 'problem'), 'heartbeat')
        middle.start()
        edge.until(self, lambda: said not in ' '.join(one.status()['reasons']), lambda: one.status()['reasons'], 60)
        one.becomes(True, 'domain', 'b.example', 60)
        # The middle comes back without its data, and the leaf is filled anew through it.
        middle.kill()
        middle.empty()
        middle.start()
        self.push('c.example', primary)
        one.becomes(True, 'domain', 'c.example', 60)
        for name in ('a', 'b', 'c'):
            self.assertTrue(one.blocks('domain', name + '.example'), name)

    def test_a_server_that_is_behind_is_not_taken_for_one_that_lost_data(self):
        primary = self.centre()
        slow = self.region('slow', primary)
        one = self.edge(primary, slow)
        self.push('a.example', primary)
        edge.until(self, lambda: slow.last() == '1-0', 'replication')
        slow.ask('REPLICAOF', 'NO', 'ONE')
        self.push('b.example', primary)
        self.push('a.example', primary, op='remove')
        one.becomes(True, 'domain', 'b.example')
        primary.kill()
        edge.until(self, lambda: self.connected_to(one, slow), 'fail-over')
        self.assertIn('is behind', ' '.join(one.status()['reasons']))
        self.assertTrue(one.blocks('domain', 'b.example'))
        self.assertFalse(one.blocks('domain', 'a.example'))
        primary.start()
        self.assertEqual(one.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})

    def test_a_replica_that_is_not_filled_yet_is_not_taken_for_one_that_lost_data(self):
        primary = self.centre()
        empty = self.region('empty', primary)
        empty.ask('REPLICAOF', 'NO', 'ONE')
        one = self.edge(primary, empty)
        self.push('a.example', primary)
        self.push('b.example', primary)
        one.becomes(True, 'domain', 'b.example')
        primary.kill()
        edge.until(self, lambda: self.connected_to(one, empty), 'fail-over')
        edge.until(self, lambda: 'its log is empty' in ' '.join(one.status()['reasons']), lambda: one.status()['reasons'])
        self.assertTrue(one.blocks('domain', 'a.example'))
        primary.start()
        empty.ask('REPLICAOF', '127.0.0.1', str(primary.port))
        self.push('c.example', primary)
        one.becomes(True, 'domain', 'c.example')
        self.assertEqual(one.feed()['gaps'], {'gap': 0, 'fork': 0, 'reset': 0})
        # Another log in place of the one that was read is told of, once.
        primary.kill()
        primary.empty()
        primary.start()
        empty.kill()
        for name in ('d', 'e', 'f'):
            self.push(name + '.example', primary)
        one.becomes(True, 'domain', 'f.example', 30)
        self.assertTrue(one.blocks('domain', 'a.example'))
        self.assertEqual(one.feed()['gaps']['reset'], 1)

    def test_receipts_tell_the_centre_who_has_what_and_how_fast(self):
        primary = self.centre()
        near = self.region('near', primary)
        receipts = '  receipts: {server: "%s", user: receipts, password_file: receipts.pass}\n' % primary.address()
        edges = [self.edge(near, name='edge%d' % i, more=receipts) for i in range(3)]
        ask = ['push', 'status', '--redis', primary.address(), '--redis-user', 'centre', '--redis-password-file', 'centre.pass', '--redis-ca', 'tls/ca.crt',
               '--redis-certificate', 'tls/client.crt', '--redis-key', 'tls/client.key']

        def told():
            return json.loads(self.expect(self.tool(*ask, '--json'), 0).stdout)

        edge.until(self, lambda: told()['edges'] == 3, 'heartbeats')
        for one in edges:
            edge.until(self, lambda one=one: one.feed()['connected'], 'connection')
        time.sleep(1)  # of what comes before the log was once read to its end no time is told
        for i in range(5):
            self.push('n%d.example' % i, primary)
            time.sleep(0.3)
        edge.until(self, lambda: told()['measured'] == 3 and told()['applied'] == 3, lambda: 'receipts: %s' % told())
        report = told()
        self.assertEqual((report['seq'], report['behind'], report['silent']), (5, [], []))
        # Where the log stands is told in one place, by the rights of users.acl, and comes to the replicas.
        self.assertEqual((report['head']['seq'], report['head_problem']), (5, ''))
        self.assertLess(abs(report['head']['ts'] / 1000 - time.time()), 60)
        edge.until(self, lambda: near.ask('HGET', 'tf:1:head', 'hash').strip() == report['head']['hash'], 'replication')
        primary.ask('HSET', 'tf:1:head', 'seq', '9')
        self.assertIn('tf:1:head tells of batch 9, and the log ends with batch 5: Redis lost data', self.expect(self.tool(*ask), 0).stdout)
        self.assertIn('tf:1:head 记着批次 9', self.expect(self.tool(*ask, '--lang', 'zh'), 0).stdout)
        primary.ask('HSET', 'tf:1:head', 'seq', '5')
        self.assertLessEqual(report['p50_ms'], report['p99_ms'])
        self.assertLess(report['p99_ms'], 2000)
        text = self.expect(self.tool(*ask), 0).stdout
        print(text.strip())
        self.assertIn('batch 5: in force on 3 of 3 edges', text)
        self.assertIn('99% of edges within', text)
        self.assertIn('已在 3 / 3 个节点生效', self.expect(self.tool(*ask, '--lang', 'zh'), 0).stdout)
        self.assertIn('telefence_push_edges_applied 3', self.expect(self.tool(*ask, '--metrics'), 0).stdout)
        self.assertGreater(edges[0].metric('telefence_receipts_total{result="sent"}'), 0)
        # One that hangs is behind, and says nothing; its heartbeat goes with it.
        edges[2].process.send_signal(signal.SIGSTOP)
        self.push('later.example', primary)
        edge.until(self, lambda: told()['applied'] == 2, lambda: 'receipts: %s' % told())
        self.assertEqual([node['node'] for node in told()['behind']], ['edge2'])
        self.assertIn('behind: edge2, at batch 5', self.tool(*ask).stdout)
        primary.ask('DEL', 'tf:1:node:edge2')  # what its minute does
        self.assertEqual(told()['silent'], ['edge2'])
        edges[2].process.send_signal(signal.SIGCONT)
        edge.until(self, lambda: told()['applied'] == 3, lambda: 'receipts: %s' % told())
        # Receipts that can't be sent hold nothing up.
        primary.ask('ACL', 'SETUSER', 'receipts', 'off')
        primary.ask('CLIENT', 'KILL', 'USER', 'receipts')
        self.push('last.example', primary)
        edges[0].becomes(True, 'domain', 'last.example')
        edge.until(self, lambda: 'receipts: ' in ' '.join(edges[0].status()['reasons']), 'reason')

    def test_an_edge_with_a_sample_is_asked_before_a_push(self):
        primary = self.centre()
        near = self.region('near', primary)
        receipts = '  receipts: {server: "%s", user: receipts, password_file: receipts.pass}\n' % primary.address()
        one = self.edge(near, more=receipts, policy=', sample: {names: true}')
        edge.until(self, lambda: 'edge' in primary.ask('HKEYS', 'tf:1:trial:nodes'), lambda: 'announcement %s' % one.status()['reasons'])
        self.push('a.example', primary)
        one.becomes(True, 'domain', 'a.example')
        edge.until(self, lambda: one.metric('telefence_trial_requests_total{result="answered"}') == 1, lambda: 'answer %s' % one.status()['reasons'])
        # A user without the rights is told of, and what it can do else goes on.
        primary.ask('ACL', 'SETUSER', 'receipts', '-xread')
        self.push('b.example', primary)
        edge.until(self, lambda: 'live sample: ' in ' '.join(one.status()['reasons']), lambda: one.status()['reasons'])
        self.assertIn('+xread', ' '.join(one.status()['reasons']))
        one.becomes(True, 'domain', 'b.example')
        primary.ask('ACL', 'SETUSER', 'receipts', '+xread')
        edge.until(self, lambda: 'live sample: ' not in ' '.join(one.status()['reasons']), lambda: one.status()['reasons'])

    def test_sentinel_makes_a_replica_the_primary(self):
        primary = self.centre('first', 1)
        second = self.centre('second', 1)
        second.ask('REPLICAOF', '127.0.0.1', str(primary.port))
        edge.until(self, lambda: 'master_link_status:up' in second.ask('INFO', 'replication'), 'replication')
        changes = [('monitor telefence 127.0.0.1 6380 2', 'monitor telefence 127.0.0.1 %d 2' % primary.port),
                   ('down-after-milliseconds telefence 5000', 'down-after-milliseconds telefence 2500'),
                   ('failover-timeout telefence 30000', 'failover-timeout telefence 5000')]
        sentinels = [Node(self, 'sentinel%d' % i, 'sentinel.conf', changes, sentinel=True) for i in range(3)]
        edge.until(self, lambda: all('num-other-sentinels\n2' in node.ask('SENTINEL', 'MASTER', 'telefence') and
                                     'num-slaves\n1' in node.ask('SENTINEL', 'MASTER', 'telefence') for node in sentinels), 'acquaintance', 60)
        one = self.edge(primary, second)
        self.push('a.example', second, primary)  # the tool finds the primary
        one.becomes(True, 'domain', 'a.example')

        def kill_the_primary(confirmed):
            edge.until(self, lambda: len(confirmed) >= 10, 'pushes')
            primary.kill()
            begin = time.monotonic()
            edge.until(self, lambda: 'role:master' in second.ask('INFO', 'replication'), 'promotion', 60)
            print('Sentinel needed %.1f s' % (time.monotonic() - begin))

        confirmed = self.push_while(kill_the_primary, primary, second)
        edge.until(self, lambda: all(str(second.port) in node.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'telefence') for node in sentinels),
                   'agreement', 60)
        self.assertTrue(one.blocks('domain', 'a.example'))
        # Alone it takes no pushes: min-replicas-to-write.
        self.assertIn('NOREPLICAS', self.push('lost.example', primary, second, code=1).stderr)
        primary.start()
        edge.until(self, lambda: 'connected_slaves:1' in second.ask('INFO', 'replication'), lambda: 'the old primary follows' + self.logs(), 60)
        edge.until(self, lambda: self.tool('push', 'add', 'domain', 'b.example', '--category', 'phishing', '--key', 'centre.key', '--redis',
                                           primary.address() + ',' + second.address(), '--redis-user', 'centre', '--redis-password-file',
                                           'centre.pass', '--redis-ca', 'tls/ca.crt', '--redis-certificate', 'tls/client.crt', '--redis-key',
                                           'tls/client.key').returncode == 0, 'push after the fail-over', 60)
        one.becomes(True, 'domain', 'b.example')
        # Replication is not waited for: what was confirmed and not yet copied when the primary died may be gone from the log, for good. Here
        # it is in force still, since the edge had it; it is told then.
        lost = [name for name in confirmed if not one.blocks('domain', name)]
        self.assertEqual(lost, [])
        self.assertFalse(one.blocks('domain', 'lost.example'))

    def test_a_log_trimmed_past_the_position_is_told(self):
        primary = self.centre()
        one = self.edge(primary)
        self.push('a.example', primary)
        one.becomes(True, 'domain', 'a.example')
        one.stop()
        for i in range(3):
            self.push('n%d.example' % i, primary)
        primary.ask('XTRIM', 'tf:1:log', 'MAXLEN', '1')
        one.start()
        one.becomes(True, 'domain', 'n2.example')
        self.assertTrue(one.blocks('domain', 'a.example'))
        self.assertEqual(one.feed()['gaps']['gap'], 1)
        self.assertIn('gap in the log', ' '.join(one.status()['reasons']))


if __name__ == '__main__':
    program.main()
