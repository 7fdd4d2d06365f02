# SPDX-License-Identifier: Apache-2.0
"""How long no packet passes when the daemon is restarted: numbered datagrams through it, one each millisecond.

Usage: restart.py BUILD_DIR [DOMAINS [ROUNDS]]      Needs root. Prints each gap; fails when one is longer than a generous bound, since this
may run on a machine that does much else. Exit code 4 when this machine can't carry it. docs/operate.md, "Restart", has figures.
"""
import os
import sys
import time

import netns

BOUND_MS = 4000
CONFIG = '''version: 1
mode: enforce
ports:
  - {name: access, device: access}
  - {name: core, device: core}
wire: [[access, core]]
engine: {hugepages: "off"}
policy: {lists: [{file: "%(folder)s/block.txt", kind: domain, category: phishing, tier: 1}]}
listen: {web: "off", control: "%(folder)s/control.sock"}
'''
SENDER = '''
import socket, struct, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
number, due = 0, time.monotonic()
while True:
    number += 1
    out.sendto(struct.pack('!Q', number), ('%s', 7777))
    due += 0.001
    time.sleep(max(due - time.monotonic(), 0))
''' % netns.SERVER
RECEIVER = '''
import socket, struct, time
to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
to.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
to.bind(('%s', 7777))
print('ready', flush=True)
last, at = None, 0
while True:
    number, now = struct.unpack('!Q', to.recv(100))[0], time.monotonic()
    if last is not None and number != last + 1:
        print('gap', number - last - 1, int((now - at) * 1000), flush=True)
    last, at = number, now
''' % netns.SERVER


def start(line, build, name):
    process = line.start(line.middle, name, os.path.join(build, 'src', 'app', 'telefenced'), 'run', '-c', line.path('telefenced.yaml'),
                         '--json')
    line.wait('the start of ' + name, lambda: '"node"' in line.read(name + '.log'), 120)
    return process


def measure(line, build, domains, rounds):
    line.write('block.txt', ''.join('d%d.gap-%d.example\n' % (i, i % 1000) for i in range(domains)))
    line.write('telefenced.yaml', CONFIG % {'folder': line.folder})
    line.start(line.server, 'receiver', sys.executable, line.write('receiver.py', RECEIVER))
    line.wait('the receiver', lambda: 'ready' in line.read('receiver.log'))
    process = start(line, build, 'telefenced0')
    line.wait('the way', lambda: line.at(line.client, 'ping', '-c', '1', '-W', '1', netns.SERVER).returncode == 0)
    line.start(line.client, 'sender', sys.executable, line.write('sender.py', SENDER))
    time.sleep(1)
    good = True
    for number in range(1, rounds + 1):
        before = line.read('receiver.log')
        begin = time.monotonic()
        line.stop(process, 20)
        stop_ms = (time.monotonic() - begin) * 1000
        process = start(line, build, 'telefenced%d' % number)
        line.wait('packets again', lambda: 'gap' in line.read('receiver.log')[len(before):], 20)
        gaps = [list(map(int, text.split()[1:])) for text in line.read('receiver.log')[len(before):].splitlines()]
        lost, longest = sum(gap[0] for gap in gaps), max(gap[1] for gap in gaps)
        passes = longest <= BOUND_MS and process.poll() is None
        good = good and passes
        print('  %-6s restart %d: no packet for %d ms, %d of one each millisecond lost (stop %d ms)' %
              ('ok' if passes else 'FAILED', number, longest, lost, stop_ms), flush=True)
    return good


def main():
    build = os.path.abspath(sys.argv[1])
    domains, rounds = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 100), (3, 2)))
    line = netns.Line()
    try:
        line.open()
        return 0 if measure(line, build, domains, rounds) else 1
    except netns.NotPossible as error:
        print(error)
        return 4
    finally:
        line.close()


if __name__ == '__main__':
    sys.exit(main())
