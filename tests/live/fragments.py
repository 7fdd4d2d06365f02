# SPDX-License-Identifier: Apache-2.0
"""Datagrams that the kernel cuts into IP fragments and puts together again, with the daemon in between: SIP MESSAGEs of which some are listed,
random octets and pings, over IPv4 and IPv6, at an MTU of 1500 and of 1280; first over a plain wire, then over one that reorders and doubles.

Usage: fragments.py BUILD_DIR      Needs root. FRAGMENTS_SEED of the environment: of the messages and the bad wire (1). It ends with a line
"N passed, N failed" and exit code 0 only when nothing failed; 4 when this machine can't carry it.
"""
import collections
import json
import os
import random
import re
import sys
import time

import inline
import netns
from report import Report, carry_out

SIP, OTHER = 5060, 40000
SERVERS = {'IPv4': netns.SERVER, 'IPv6': netns.SERVER6}
MTUS = (1500, 1280)
INNOCENT_TEXT = '您的快递已到小区门口的柜子里,取件码12345请领取'
# Where it is listed: in a text that two fragments share, in the calling number (first fragment), in a text at the end (last one).
LISTED = ('shared', 'caller', 'last')
PLACES = ('shared', 'last')
Message = collections.namedtuple('Message', 'call listed payload')

# Writes down what arrives before it answers: what the sender has an answer for stands in the file.
RECEIVER = '''
import select, socket
ends, SO_RCVBUFFORCE = [], 33
for family, address in ((socket.AF_INET, '%s'), (socket.AF_INET6, '%s')):
    for port in (%d, %d):
        ends.append(socket.socket(family, socket.SOCK_DGRAM))
        ends[-1].setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        ends[-1].bind((address, port))
print('ready', flush=True)
with open('received', 'w') as out:
    while True:
        for end in select.select(ends, [], [])[0]:
            datagram, sender = end.recvfrom(65535)
            print(end.getsockname()[1], datagram.hex(), file=out, flush=True)
            if end.getsockname()[1] == %d:
                head = datagram.split(b'\\r\\n\\r\\n')[0].split(b'\\r\\n')
                kept = [one for one in head if one.split(b':')[0] in (b'Via', b'From', b'To', b'Call-ID', b'CSeq')]
                end.sendto(b'\\r\\n'.join([b'SIP/2.0 200 OK'] + kept + [b'Content-Length: 0', b'', b'']), sender)
''' % (netns.SERVER, netns.SERVER6, SIP, OTHER, SIP)
# Prints {Call-ID: statuses} when each datagram has an answer; one more might come, so it listens for a while longer.
SENDER = '''
import json, re, select, socket, sys, time
address, port, pause_s, patience_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
out = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
datagrams = [bytes.fromhex(text) for text in open('datagrams')]
answers = {}
def listen(seconds, most):
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(answers) < most:
        if select.select([out], [], [], max(end - time.monotonic(), 0))[0]:
            answer = out.recv(65535).decode()
            answers.setdefault(re.search(r'Call-ID: (\\S+)', answer)[1], set()).add(int(answer.split()[1]))
for datagram in datagrams:
    out.sendto(datagram, (address, port))
    listen(pause_s, float('inf'))
listen(patience_s, len(datagrams))
listen(min(patience_s, 0.3), float('inf'))
print(json.dumps({call: sorted(statuses) for call, statuses in answers.items()}))
'''
# tc netem delay 2ms 1ms reorder 30% duplicate 10%, for kernels without it. It is started in place of rough_link, which doubles nothing.
LINK = '''#!%s
import heapq, random, select, signal, socket, sys, time
SOL_PACKET, PACKET_IGNORE_OUTGOING, DOUBLED = 263, 23, 0.1
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
random.seed(sys.argv[1])
jitter_s, at_once = int(sys.argv[3]) / 1e6, float(sys.argv[4]) / 100
ends, waiting, came, newest = [], [], 0, [0] * 4
for name in sys.argv[5:]:
    ends.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    ends[-1].setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    ends[-1].bind((name, 3))  # ETH_P_ALL
print('ready', flush=True)
while True:
    for end in select.select(ends, [], [], max(waiting[0][0] - time.monotonic(), 0) if waiting else None)[0]:
        frame, came, to = end.recv(65535), came + 1, ends.index(end) ^ 1
        for copy in range(1 + (random.random() < DOUBLED)):
            if copy:
                print('doubled', flush=True)
            delay_s = 0 if random.random() < at_once else jitter_s * random.uniform(1, 3)
            heapq.heappush(waiting, (time.monotonic() + delay_s, came, copy, to, frame))
    while waiting and waiting[0][0] <= time.monotonic():
        _, number, _, to, frame = heapq.heappop(waiting)
        ends[to].send(frame)
        if number < newest[to]:
            print('overtaken', flush=True)
        newest[to] = max(newest[to], number)
''' % sys.executable


def first_octets(version, mtu):
    """Of the datagram, those in its first fragment."""
    return (mtu - {'IPv4': 20, 'IPv6': 40 + 8}[version]) // 8 * 8 - 8


def message(rng, call, listed, body_octets, border):
    """All with as many octets in the body are of one size."""
    head = '\r\n'.join((
        'MESSAGE sip:+8613800138000@core.example SIP/2.0', 'Via: SIP/2.0/UDP client.example;branch=z9hG4bK%s;rport' % call, 'Max-Forwards: 70',
        'From: <sip:%s@access.example;user=phone>;tag=%s' % (inline.CALLER if listed == 'caller' else '+8613900000000', call),
        'To: <sip:+8613800138000@core.example>', 'Call-ID: ' + call, 'CSeq: 1 MESSAGE', 'Content-Type: text/plain;charset=utf-8',
        'Content-Length: %d' % body_octets, '', '')).encode()
    text = (inline.FRAUD if listed in PLACES else INNOCENT_TEXT).encode()
    place = listed if listed in PLACES else rng.choice(PLACES)
    # The border lies within a character of the first words of the text.
    at = border - len(head) - 7 if place == 'shared' else body_octets - len(text)
    body = bytearray(rng.choices(b'abcdefghijklmnopqrstuvwxyz ', k=body_octets))
    body[at:at + len(text)] = text
    return Message(call, listed, head + bytes(body))


class Fragments(inline.Inline):
    def __init__(self, line, build, report, seed):
        super().__init__(line, build, report)
        self.is_rough, self.rng, self.calls = line.rough is not None, random.Random(seed), 0

    def open(self):
        line = self.line
        self.start()
        line.write('sender.py', SENDER)
        line.start(line.server, 'receiver', sys.executable, line.write('receiver.py', RECEIVER))
        line.wait('the receiver', lambda: 'ready' in line.read('receiver.log'))

    def metrics(self):
        text, found = self.line.at(self.line.middle, 'curl', '-s', 'http://127.0.0.1:9469/metrics').stdout, collections.Counter()
        for name, labels, value in re.findall(r'^(telefence_\w+)(\S*) (\S+)$', text, re.M):
            found[name + labels] = float(value)
            if labels:
                found[name] += float(value)  # of all labels
        return found

    def kernel(self, namespace, version, name):
        """A counter of the kernel there."""
        name = {'IPv4': 'Ip', 'IPv6': 'Ip6'}[version] + name
        return int(re.search(r'^%s +(\d+)' % name, self.line.at(namespace, 'nstat', '-asz', name, check=True).stdout, re.M)[1])

    def counts(self, version):
        metrics = self.metrics()
        return {'cut': self.kernel(self.line.client, version, 'FragOKs'), 'fragments': self.kernel(self.line.client, version, 'FragCreates'),
                'whole': self.kernel(self.line.server, version, 'ReasmOKs'), 'blocked': metrics['telefence_interceptions_total'],
                'joined': metrics['telefence_fragmented_packets_total{outcome="joined"}']}

    def received(self, port):
        """The datagrams that came to this port, and how often each."""
        lines = self.line.read('received').split('\n')[:-1]  # behind the last end of a line stands what is just being written
        return collections.Counter(bytes.fromhex(text.split()[1]) for text in lines if text.startswith('%d ' % port))

    def send(self, version, port, payloads, pause_s=0.0, patience_s=0.0):
        self.line.write('datagrams', ''.join(payload.hex() + '\n' for payload in payloads))
        return json.loads(self.line.at(self.line.client, sys.executable, 'sender.py', SERVERS[version], str(port), str(pause_s), str(patience_s),
                                       check=True).stdout)

    def pings(self, mtu):
        for version, server in SERVERS.items():
            done = self.line.at(self.line.client, 'ping', '-c', '5', '-i', '0.2', '-W', '2', '-s', '4000', server)
            self.report.check('%s, MTU %d, ping -s 4000: 5 of 5 come back' % (version, mtu), ' 5 received' in done.stdout, done.stdout)

    def no_protocol(self, version, mtu):
        payload = self.rng.randbytes(20000)
        self.send(version, OTHER, [payload])
        self.line.wait('20,000 octets', lambda: payload in self.received(OTHER), 5, must=False)
        seen = self.received(OTHER)
        self.report.check('%s, MTU %d, 20,000 random octets in a datagram to port %d: arrive byte for byte' % (version, mtu, OTHER),
                          payload in seen, '%d other datagrams there, of %s octets' % (len(seen), [len(one) for one in seen]))

    def messages(self, version, mtu, what, listed, octets):
        """Sends one for each of `listed` (None: innocent) with so many octets in the body. Looks at what arrived, was answered and counted."""
        sent = []
        for one, size in zip(listed, octets):
            self.calls += 1
            sent.append(message(self.rng, '%06d.live' % self.calls, one, size, first_octets(version, mtu)))
        check, before, what = self.report.check, self.counts(version), '%s, MTU %d, %s' % (version, mtu, what)
        answers = self.send(version, SIP, [one.payload for one in sent], 0.003 if self.is_rough else 0.02, 5)
        arrived = self.received(SIP)
        more = {name: count - before[name] for name, count in self.counts(version).items()}
        good, bad = [one for one in sent if not one.listed], [one for one in sent if one.listed]
        check('%s: the kernel cuts each of %d messages' % (what, len(sent)), more['cut'] == len(sent), more['cut'],
              'into %d fragments' % more['fragments'])
        times = {one.call: arrived[one.payload] for one in good}
        right = [count >= 1 if self.is_rough else count == 1 for count in times.values()]
        check('... the %d innocent ones arrive byte for byte, %s' % (len(good), 'at least once' if self.is_rough else 'once'), all(right),
              (times, more, self.troubles()))
        leaked = [(one.call, one.listed) for one in bad for payload in arrived if one.call.encode() in payload]
        check('... none of the %d listed ones arrives' % len(bad), not leaked, (leaked, self.troubles()))
        wrong = [(one.call, one.listed, answers.get(one.call)) for one in sent if answers.get(one.call) != [603 if one.listed else 200]]
        check('... each innocent one is answered 200 by the server, each listed one 603 by the daemon', not wrong, wrong)
        check('... the daemon counts %d blocked' % len(bad), more['blocked'] == len(bad), more['blocked'])
        if self.is_rough:
            check('... and put each together', more['joined'] >= len(sent), more['joined'])
        else:
            check('... and put each together, once', more['joined'] == len(sent), more['joined'])
            check("... the server's kernel made the innocent ones whole, and nothing else", more['whole'] == len(good), more['whole'])

    def troubles(self):
        """Whatever would explain a message that went astray."""
        return {name: int(value) for name, value in self.metrics().items() if value and '{' in name and name.startswith(
            ('telefence_port_lost_total', 'telefence_overload_shed_total', 'telefence_evasions_total'))}

    def run(self):
        self.report.part('A wire that reorders and doubles' if self.is_rough else 'A plain wire')
        self.open()
        for mtu in MTUS:
            for namespace, device in ((self.line.client, 'client0'), (self.line.server, 'server0')):  # a veth end takes no longer frame either
                netns.run('ip', '-n', namespace, 'link', 'set', device, 'mtu', str(mtu))
            self.pings(mtu)
            for version in SERVERS:
                if self.is_rough:
                    listed = [LISTED[i // 5 % len(LISTED)] if i % 5 == 3 else None for i in range(60)]
                    self.messages(version, mtu, '1600 to 6000 octets', listed, [self.rng.randrange(1600, 6000) for _ in listed])
                else:
                    for size in (2000, 4000):
                        self.messages(version, mtu, '%d octets' % size, [None, 'shared', None, 'caller', None, 'last', None], [size] * 7)
                self.no_protocol(version, mtu)
        self.report.check('no port lost a packet, none was left unread, and none is called an evasion', not self.troubles(), self.troubles())
        if self.is_rough:
            said = collections.Counter(self.line.read('rough_link.log').split())
            self.report.check('frames did overtake one another, and were doubled', min(said['overtaken'], said['doubled']) >= 100, said,
                              '%d overtaken, %d doubled' % (said['overtaken'], said['doubled']))
        self.stop()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    seed, report, begin = int(os.environ.get('FRAGMENTS_SEED', '1')), Report(), time.monotonic()
    for is_rough in (False, True):
        line = netns.Line()
        if is_rough:
            os.chmod(line.write('link.py', LINK), 0o755)
            line.rough = netns.Rough(line.path('link.py'), seed, loss_percent=0, jitter_us=1000, reorder_percent=30)
        code = carry_out(line, report, lambda line=line: Fragments(line, os.path.abspath(sys.argv[1]), report, seed).run())
        if code not in (0, 1):
            break
    print('in %.0f s' % (time.monotonic() - begin))
    return code


if __name__ == '__main__':
    sys.exit(main())
