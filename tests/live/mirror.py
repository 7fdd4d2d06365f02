# SPDX-License-Identifier: Apache-2.0
"""The daemon beside the line, on a mirror port, with a port to respond by: what it answers, and how often its answer comes first.

Usage: mirror.py BUILD_DIR      Needs root. MIRROR_TRIES=300 is the default: that many queries and visits at each distance of the server.

  client -- bridge -- tap_link (a copy of each frame, then the distance) -- server
                |          |
              respond    mirror
                 telefenced
"""
import json
import os
import struct
import sys
import time

import netns
import services
from report import Report, carry_out

CONFIG = '''version: 1
node: {id: live}
mode: enforce
ports:
  - {name: span, device: span1}
  - {name: answers, device: resp0}
mirror: [span]
respond: answers
engine: {hugepages: "off"}
policy:
  lists:
    - {file: "%(folder)s/block.txt", kind: domain, category: phishing, tier: 1}
    - {file: "%(folder)s/numbers.txt", kind: number, category: spoofed-caller, tier: 1}
  answers: {page_url: "https://warning.example/fraud"}
records: {file: "%(folder)s/records.json"}
listen: {web: "off", control: "%(folder)s/control.sock"}
'''
CALLER = '+8617000000001'
TRIES = int(os.environ.get('MIRROR_TRIES', '300'))
FIRST = ('nice', '-n', '-20')  # a worker has a core for itself; where others use it, too, this test would measure them
DISTANCES_MS = (0, 1, 5)  # to the server and back


def frames_of(file):
    """(time in seconds, frame) of a capture with nanoseconds."""
    with open(file, 'rb') as source:
        data = source.read()
    at = 24
    while at + 16 <= len(data):
        seconds, nanoseconds, length, _ = struct.unpack_from('<IIII', data, at)
        yield seconds + nanoseconds * 1e-9, data[at + 16:at + 16 + length]
        at += 16 + length


def key_of(frame):
    """The client's port and the number of a DNS message: whose query an answer is to. None: not of interest."""
    if len(frame) < 42 or frame[12:14] != b'\x08\x00':
        return None
    here, there = struct.unpack_from('!HH', frame, 34)
    if frame[23] == 17 and 53 in (here, there):
        return (max(here, there), frame[42:44])
    if frame[23] == 6 and (80 in (here, there) or 443 in (here, there)):
        return (max(here, there), b'')
    return None


def is_message(frame):
    """A query, or a segment with bytes, from the client."""
    if struct.unpack_from('!H', frame, 36)[0] not in (53, 80, 443):
        return False
    header = 20 + (frame[46] >> 4) * 4 if frame[23] == 6 else 28
    return struct.unpack_from('!H', frame, 16)[0] > header


def reaction_times(span, answers):
    """Seconds from a copied message's arrival to the first answer's leaving, for each message that was answered."""
    asked, times = {}, []
    seen = [(when, True, frame) for when, frame in frames_of(span) if key_of(frame) and is_message(frame)]
    seen += [(when, False, frame) for when, frame in frames_of(answers) if key_of(frame)]
    for when, is_question, frame in sorted(seen):
        if is_question:
            asked.setdefault(key_of(frame), when)
        elif key_of(frame) in asked:
            times.append(when - asked.pop(key_of(frame)))
    return sorted(times)


def at_percent(times, percent):
    return times[min(len(times) - 1, len(times) * percent // 100)] * 1e6


class Mirror:
    def __init__(self, line, build, report):
        self.line, self.build, self.report = line, build, report
        self.link = self.daemon = None
        line.write('block.txt', 'bad.example\n')
        line.write('numbers.txt', CALLER + '\n')

    def open(self):
        line = self.line
        for outer, inner in (('up1', 'up0'), ('span0', 'span1'), ('resp1', 'resp0')):
            line._wire(outer, line.middle, inner)
        netns.run('ip', '-n', line.middle, 'link', 'add', 'br0', 'type', 'bridge')
        for port in ('access', 'up0', 'resp1'):
            netns.run('ip', '-n', line.middle, 'link', 'set', port, 'master', 'br0')
        netns.run('ip', '-n', line.middle, 'link', 'set', 'br0', 'up')

    def set_distance(self, milliseconds):
        if self.link:
            self.line.stop(self.link)
        self.link = self.line.start(self.line.middle, 'tap_link', *FIRST, os.path.join(self.build, 'tests', 'live', 'tap_link'),
                                    str(milliseconds * 500), 'up1', 'core', 'span0')
        self.line.wait('tap_link', lambda: 'ready' in self.line.read('tap_link.log'))
        self.line.wait('the way to the server', lambda: self.line.at(
            self.line.client, 'ping', '-c', '1', '-W', '1', netns.SERVER).returncode == 0)

    def status(self):
        done = self.line.at(self.line.middle, os.path.join(self.build, 'src', 'app', 'telefence'), 'status', '--json', '--socket',
                            self.line.path('control.sock'))
        return json.loads(done.stdout) if done.returncode == 0 else None

    def answered(self):
        return self.status()['packets']['fates'].get('mirror_answered', 0)

    def start(self):
        config = self.line.write('telefenced.yaml', CONFIG % {'folder': self.line.folder})
        self.daemon = self.line.start(self.line.middle, 'telefenced', *FIRST, os.path.join(self.build, 'src', 'app', 'telefenced'), 'run',
                                      '-c', config)
        # Until the signatures are read packets pass unread: a look-up of then would be asked of a server that does not know the name.
        self.line.wait('telefenced', lambda: (self.status() or {}).get('ready'), 20)

    def dig(self, names):
        """How many of these names got our answer."""
        file = self.line.write('names', ''.join('@%s %s +tries=1 +time=2\n' % (netns.SERVER, name) for name in names))
        return self.line.at(self.line.client, 'dig', '-f', file, timeout=300).stdout.count('status: NXDOMAIN')

    def visits(self, scheme, names):
        """[(HTTP code, exit code)] of curl, one connection for each name."""
        entries = '\nnext\n'.join('url = "%s://%s/"\noutput = /dev/null\nsilent\ninsecure\nmax-time = 5\nconnect-to = "::%s:"\n'
                                  'write-out = "%%{http_code} %%{exitcode}\\n"' % (scheme, name, netns.SERVER) for name in names)
        done = self.line.at(self.line.client, 'curl', '-K', self.line.write('visits', entries + '\n'), timeout=600)
        return [tuple(int(word) for word in text.split()) for text in done.stdout.splitlines()]

    def race(self, milliseconds, first):
        """One round at one distance. Returns {what: (won, tries)}."""
        line = self.line
        self.set_distance(milliseconds)
        # A tcpdump that is told to end leaves what is still in the kernel's blocks (up to a second of it), unless in immediate mode.
        # What DPDK sends passes by the capture of its own port (PACKET_QDISC_BYPASS), so answers are seen at the other end of it.
        captures = {name: line.path('%s%d.pcap' % (name, first)) for name in ('span1', 'resp1')}
        watchers = [line.start(line.middle, 'tcpdump-' + name, 'tcpdump', '-Z', 'root', '--time-stamp-precision=nano', '-s', '128',
                               '--immediate-mode', '-B', '16384', '-i', name, '-w', file) for name, file in captures.items()]
        for name in captures:
            line.wait('tcpdump', lambda name=name: 'listening on' in line.read('tcpdump-%s.log' % name))
        before = self.answered()
        names = ['n%d.bad.example' % (first + i) for i in range(TRIES)]
        won = {'dns': self.dig(names)}
        won['http'] = sum(code == 302 for code, _ in self.visits('http', names))
        won['https'] = sum(exit_code in (35, 56) for _, exit_code in self.visits('https', names))
        time.sleep(0.3)
        for watcher in watchers:
            line.stop(watcher)
        times = reaction_times(captures['span1'], captures['resp1'])
        shown = ', '.join('%s %d of %d' % (what, count, TRIES) for what, count in won.items())
        print('         (server %d ms away: our answer came first: %s)' % (milliseconds, shown), flush=True)
        answered = self.answered() - before
        self.report.check('every blocked message was answered: %d' % answered, answered >= 3 * TRIES and len(times) > 2 * TRIES, len(times),
                          'from the copy to our answer: p50 %.0f us, p99 %.0f us, of %d' %
                          (at_percent(times, 50), at_percent(times, 99), len(times)) if times else 'none')
        return won

    def innocent(self):
        line, check = self.line, self.report.check
        self.report.part('Innocent traffic passes beside the daemon')
        check('dig www.fine.example: answered', services.dig(line, 'www.fine.example')[:2] == ('NOERROR', ['192.0.2.10']))
        for scheme in ('http', 'https'):
            seen = services.curl(line, scheme + '://www.fine.example/x')
            check('curl %s://www.fine.example: 200' % scheme, seen[:2] == (0, 200), seen)
            check('8 MiB from %s://www.fine.example' % scheme, services.downloads_whole(line, scheme + '://www.fine.example/large'))
        check('a call from a blocked number is complete', services.call(line, CALLER))

    def books(self):
        line, check = self.line, self.report.check
        self.report.part('The books')
        time.sleep(0.3)
        packets = self.status()['packets']
        check('every packet in has exactly one fate: %d' % packets['received'], packets['received'] == sum(packets['fates'].values()), packets)
        check('answered and released ones, no others', set(name for name, count in packets['fates'].items() if count) ==
              {'mirror_answered', 'mirror_released'}, packets['fates'])
        records = [json.loads(text) for text in line.read('records.json').splitlines()]
        fates = {(record['telefence']['channel'], record['telefence']['fate']) for record in records}
        check('names are answered, the call is seen', fates == {('dns', 'mirror_answered'), ('web', 'mirror_answered'),
                                                               ('call', 'mirror_released')}, fates)
        address = json.loads(netns.run('ip', '-n', line.server, '-j', 'link', 'show', 'server0').stdout)[0]['address']
        entries = json.loads(netns.run('bridge', '-n', line.middle, '-j', 'fdb', 'show', 'br', 'br0').stdout)
        places = {entry['ifname'] for entry in entries if entry['mac'] == address}
        check('the bridge still knows the server where it is', places == {'up0'}, places)

    def run(self):
        self.open()
        self.set_distance(0)
        services.unbound(self.line, ['fine.example', 'bad.example'])
        services.nginx(self.line)
        services.sipp_server(self.line)
        self.start()
        self.innocent()
        self.report.part('The race: dig and curl ask for blocked names, and take the first answer')
        for round_number, milliseconds in enumerate(DISTANCES_MS):
            won = self.race(milliseconds, round_number * TRIES)
            if milliseconds == DISTANCES_MS[-1]:
                for what, count in won.items():
                    self.report.check('%s: at this distance nearly always ours' % what, count >= 0.9 * TRIES, count)
        self.books()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    line, report = netns.Line(), Report()
    return carry_out(line, report, lambda: Mirror(line, os.path.abspath(sys.argv[1]), report).run())


if __name__ == '__main__':
    sys.exit(main())
