# SPDX-License-Identifier: Apache-2.0
"""Lines between the centre, two regions and an edge go silent, as when a fibre is cut: no server ends, no connection is reset. Real
Redis servers in namespaces of their own; real look-ups pass the edge all the while, and none of them may suffer.

Usage: links.py BUILD_DIR      Needs root. Exit code 4 when this machine can't carry it.

  client -- access [edge] core -- unbound          centre -- region1 -- region2: a replica of a replica
                     |                             each of the three also has a line to the edge's bridge
"""
import json
import os
import re
import sys
import time

import netns
import services
from report import Report, carry_out

CONFIG = '''version: 1
mode: enforce
node: {id: e1}
ports:
  - {name: access, device: access}
  - {name: core, device: core}
wire: [[access, core]]
engine: {hugepages: "off"}
policy: {state_dir: "%(folder)s/state"}
listen: {web: "127.0.0.1:9464", control: "%(folder)s/control.sock"}
redis:
  servers: ["10.78.0.3:6379", "10.78.0.2:6379"]
  look_nearer: 2s
  silent_after: 5s
  signers: [{key: "%(folder)s/centre.pub"}]
  receipts: {server: "10.78.0.1:6379", key: "%(folder)s/e1.key"}
'''
# One look-up each 5 ms, of innocents and of what is blocked. What was answered otherwise than it must be is printed.
ASKER = '''
import random, signal, socket, struct, sys, time
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(0)
waiting, asked, answered, wrong, lost, stops = {}, 0, 0, 0, 0, []
signal.signal(signal.SIGTERM, lambda *_: stops.append(1))
number, due = 0, time.monotonic()
while not (stops and not waiting):
    now = time.monotonic()
    if not stops:
        number, asked = (number + 1) & 65535, asked + 1
        name = random.choice(['innocent.example', 'www.innocent.example', 'old.example'])
        asker.sendto(struct.pack('!HHHHHH', number, 0x100, 1, 0, 0, 0) + b''.join(bytes([len(part)]) + part.encode() for part in name.split('.')) +
                     b'\\0\\0\\1\\0\\1', ('%s', 53))
        waiting[number] = (name, now)
    due += 0.005
    time.sleep(max(due - now, 0))
    while True:
        try:
            reply = asker.recv(4096)
        except BlockingIOError:
            break
        name = waiting.pop(struct.unpack('!H', reply[:2])[0], ('', 0))[0]
        answered += 1
        if (reply[3] & 15) != (3 if name == 'old.example' else 0):
            wrong += 1
            print('wrong', name, reply[3] & 15, flush=True)
    for one in [one for one, (_, at) in waiting.items() if now - at > 3]:
        print('lost', waiting.pop(one), flush=True)
        lost += 1
print('asked %%d answered %%d wrong %%d lost %%d' %% (asked, answered, wrong, lost), flush=True)
''' % netns.SERVER


class Links:
    def __init__(self, line, build, report):
        self.line, self.report = line, report
        self.telefence, self.telefenced = (os.path.join(build, 'src', 'app', name) for name in ('telefence', 'telefenced'))
        self.centre, self.region1, self.region2 = (line.tagged(name) for name in ('p', 'x', 'y'))
        self.pushed = 0

    def connect(self, one, device, address, other, other_device, other_address):
        netns.run('ip', '-n', one, 'link', 'add', device, 'type', 'veth', 'peer', 'name', other_device, 'netns', other)
        for name, end, at in ((one, device, address), (other, other_device, other_address)):
            if at:
                netns.run('ip', '-n', name, 'address', 'add', at, 'dev', end)
            netns.run('ip', '-n', name, 'link', 'set', end, 'up')

    def lay(self):
        middle = self.line.middle
        netns.run('ip', '-n', middle, 'link', 'add', 'feed', 'type', 'bridge')
        netns.run('ip', '-n', middle, 'address', 'add', '10.78.0.9/24', 'dev', 'feed')
        for name in (middle, self.centre, self.region1, self.region2):
            netns.run('ip', '-n', name, 'link', 'set', 'lo', 'up')
        netns.run('ip', '-n', middle, 'link', 'set', 'feed', 'up')
        for name, port, address in ((self.centre, 'to-p', '10.78.0.1/24'), (self.region1, 'to-x', '10.78.0.2/24'), (self.region2, 'to-y', '10.78.0.3/24')):
            self.connect(name, 'edge', address, middle, port, None)
            netns.run('ip', '-n', middle, 'link', 'set', port, 'master', 'feed')
        self.connect(self.centre, 'below', '10.79.1.1/24', self.region1, 'above', '10.79.1.2/24')
        self.connect(self.region1, 'below', '10.79.2.1/24', self.region2, 'above', '10.79.2.2/24')

    def cut(self, namespace, device, works=False):
        """The other side sees nothing but silence."""
        netns.run('ip', '-n', namespace, 'link', 'set', device, 'up' if works else 'down')

    def redis(self, namespace, name, *options):
        self.line.start(namespace, name, 'redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no', '--save', '', '--dir', self.line.folder, '--dbfilename',
                        name + '.rdb', '--repl-diskless-sync-delay', '0', '--repl-timeout', '5', '--repl-ping-replica-period', '1', *options)
        self.line.wait(name, lambda: 'PONG' in self.line.at(namespace, 'redis-cli', 'PING').stdout)

    def start(self):
        self.lay()
        self.redis(self.centre, 'centre')
        self.redis(self.region1, 'region1', '--replicaof', '10.79.1.1 6379')
        self.redis(self.region2, 'region2', '--replicaof', '10.79.2.1 6379')
        for more in (('centre',), ('--node', 'e1')):
            self.line.at(self.centre, self.telefence, 'keys', 'new', *more, check=True)
        self.line.start(self.centre, 'timestamp', self.telefence, 'push', 'timestamp', '--key', 'centre.key', '--every', '1s')
        services.unbound(self.line, ['innocent.example', 'old.example'])
        self.line.write('telefenced.yaml', CONFIG % {'folder': self.line.folder})
        self.line.start(self.line.middle, 'telefenced', self.telefenced, 'run', '-c', self.line.path('telefenced.yaml'), '--json')
        self.line.wait('the start', lambda: '"node"' in self.line.read('telefenced.log'), 60)
        self.line.wait('the feed', lambda: self.feed()['connected'], 30)
        self.push('old.example')
        self.line.wait('the first block', lambda: self.blocks('old.example'), 20)
        self.line.wait('the way', lambda: self.line.at(self.line.client, 'dig', '+time=1', '+tries=1', '@' + netns.SERVER, 'innocent.example').returncode == 0, 20)
        self.asker = self.line.start(self.line.client, 'asker', sys.executable, self.line.write('asker.py', ASKER))

    def push(self, *names):
        for name in names:
            self.line.at(self.centre, self.telefence, 'push', 'add', 'domain', name, '--category', 'phishing', '--key', 'centre.key', check=True)
            self.pushed += 1

    def status(self):
        return json.loads(self.line.at(self.line.middle, self.telefence, 'status', '--json', '--socket', 'control.sock').stdout)

    def feed(self):
        return self.status()['feed']

    def ready(self):
        return self.line.at(self.line.middle, 'curl', '-s', 'http://127.0.0.1:9464/readyz').stdout

    def blocks(self, name):
        return self.line.at(self.line.middle, self.telefence, 'test', 'domain', name, '--socket', 'control.sock').returncode == 10

    def told(self):
        return json.loads(self.line.at(self.centre, self.telefence, 'push', 'status', '--json', '--node-keys', 'e1.pub').stdout)

    def within(self, seconds, what, condition, seen=lambda: ''):
        begin = time.monotonic()
        self.line.wait(what, condition, seconds, must=False)
        took = time.monotonic() - begin
        self.report.check('%s (%.1f s)' % (what, took), condition(), seen())
        return took

    def middle_of_the_chain(self):
        self.report.part('the line between the centre and the first region')
        self.cut(self.centre, 'below')
        self.push('b.example')
        self.within(20, 'the edge says what does not come, by the primary', lambda: 'the primary has batch 2' in self.ready(), self.ready)
        self.within(20, 'and that the centre is silent, by its timestamps', lambda: 'nothing that the centre signed came here' in self.ready(), self.ready)
        self.within(20, 'the centre sees which edge is behind, and why', lambda: [one['node'] for one in self.told()['behind']] == ['e1'] and self.told()['behind'][0]['problem'], self.told)
        self.report.check('what was in force stays', self.blocks('old.example'))
        self.cut(self.centre, 'below', works=True)
        self.within(30, 'mended: it comes', lambda: self.blocks('b.example'), self.feed)
        self.within(20, 'and nothing is wrong any more', lambda: self.told()['applied'] == 1 and not self.told()['troubled'] and not self.feed()['problem'], self.told)

    def the_nearest_server(self):
        self.report.part("the line between the edge and the nearer region")
        self.cut(self.line.middle, 'to-y')
        took = self.within(20, 'the edge goes over to the other', lambda: self.feed()['server'] == '10.78.0.2:6379' and self.feed()['connected'], self.feed)
        self.report.check('in less than 2 s, and what this look at it takes', took < 3, '%.1f s' % took)
        self.push('c.example')
        self.within(5, 'pushes come', lambda: self.blocks('c.example'), self.feed)
        self.cut(self.line.middle, 'to-y', works=True)
        self.within(30, 'and back', lambda: self.feed()['server'] == '10.78.0.3:6379' and self.feed()['connected'], self.feed)

    def all_lines(self):
        self.report.part('all lines of the edge')
        for port in ('to-p', 'to-x', 'to-y'):
            self.cut(self.line.middle, port)
        self.within(20, 'the edge says that Redis is away', lambda: 'Redis is away' in self.ready(), self.ready)
        self.push('d.example')
        self.report.check('what was in force stays', all(self.blocks(name) for name in ('old.example', 'b.example', 'c.example')))
        for port in ('to-p', 'to-x', 'to-y'):
            self.cut(self.line.middle, port, works=True)
        self.within(40, 'mended: it comes', lambda: self.blocks('d.example'), self.feed)
        self.within(40, 'the receipt, too', lambda: self.told()['applied'] == 1 and not self.told()['unproved'], self.told)

    def flapping(self):
        self.report.part('lines that come and go while much is pushed')
        names = ['flap%d.example' % i for i in range(40)]
        for i, name in enumerate(names):
            namespace, device = ((self.line.middle, 'to-y'), (self.line.middle, 'to-x'), (self.region1, 'below'), (self.centre, 'below'))[i % 4]
            self.cut(namespace, device)
            self.push(name)
            self.cut(namespace, device, works=True)
        self.within(60, 'all of it is in force', lambda: self.feed()['sequence'] == self.pushed, self.feed)
        self.report.check('each entry', all(self.blocks(name) for name in names))

    def run(self):
        self.start()
        self.middle_of_the_chain()
        self.the_nearest_server()
        self.all_lines()
        self.flapping()
        self.report.part('what passed all the while')
        gaps = {name: count for name, count in self.feed()['gaps'].items() if count}
        self.report.check('no gap, fork or reset was seen', gaps == {}, gaps)
        self.line.stop(self.asker, 20)
        said = self.line.read('asker.log')
        counts = list(map(int, re.findall(r'(?:asked|answered|wrong|lost) (\d+)', said.splitlines()[-1])))
        self.report.check('%d look-ups: each was answered, and as it must be' % counts[0], counts[0] > 1000 and counts[1:] == [counts[0], 0, 0], said[-500:])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    line, report = netns.Line(more=('p', 'x', 'y')), Report()
    return carry_out(line, report, lambda: Links(line, os.path.abspath(sys.argv[1]), report).run())


if __name__ == '__main__':
    sys.exit(main())
