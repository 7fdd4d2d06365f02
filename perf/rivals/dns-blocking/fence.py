# SPDX-License-Identifier: Apache-2.0
"""telefenced in line, with a redis-server on a unix socket as its centre and a dnsdist without names behind it."""
import os
import signal
import subprocess
import time

import dnsdist
from measuring import ROOT, listed, measure, memory, run

CONFIG = '''version: 1
node: {id: rivals}
mode: enforce
ports:
  - {name: access, device: access}
  - {name: core, device: core}
wire: [[access, core]]
engine: {hugepages: "off", workers: "1"}
policy:
  state_dir: "%(folder)s/%(state)s"
  protected: ["%(protected)s"]
  lists:
    - {file: "%(list)s", kind: domain, category: phishing, tier: 1}
redis: {server: "unix:%(folder)s/redis.sock", signers: [{key: "%(folder)s/centre.pub"}]}
protocols:
  dns: {answer: nxdomain}
records: {file: "%(folder)s/records.json"}
listen: {web: "off", control: "%(folder)s/control.sock"}
'''


PROTECTED = os.path.abspath(os.path.join(ROOT, 'config', 'protected-domains.txt'))


class Fence:
    def __init__(self, bench):
        self.bench, self.line = bench, bench.line
        self.programs = os.path.join(bench.options.build, 'src', 'app')
        # Behind it and beside the client, on the client's core.
        self.others = [self.line.start(self.line.server, 'origin', 'taskset', '-c', '0', *dnsdist.command(bench, 'origin', '')),
                       self.line.start(self.line.middle, 'redis', 'redis-server', '--port', '0', '--unixsocket',
                                       self.line.path('redis.sock'), '--save', '', '--appendonly', 'no', '--dir', self.line.folder)]
        self.line.wait('redis-server', lambda: os.path.exists(self.line.path('redis.sock')))
        self.tool('keys', 'new', 'centre')

    def tool(self, *command):
        run(os.path.join(self.programs, 'telefence'), *command, timeout=60, cwd=self.line.folder, stdin=subprocess.DEVNULL)

    def push(self, name):
        self.tool('push', 'add', 'domain', name, '--category', 'phishing', '--key', 'centre.key', '--protected', PROTECTED,
                  '--redis', 'unix:' + self.line.path('redis.sock'))

    def start(self, name, state):
        config = self.line.write('telefenced.yaml', CONFIG % {'list': name, 'folder': self.line.folder, 'state': state,
                                                                   'protected': PROTECTED})
        began = time.monotonic()
        program = os.path.join(self.programs, 'telefenced')
        return self.line.start(self.line.middle, 'telefenced', program, 'run', '-c', config), began


def in_line(bench, row):
    row['server'] = 'telefenced in line, before dnsdist'
    fence = Fence(bench)
    process, began = fence.start(bench.line.write('one.txt', listed(bench.names - 1) + '\n'), 'state.one')
    bench.wait_blocked(process, began, 'telefenced.log')
    without = memory(process)
    bench.end(process)
    process, began = fence.start(bench.list, 'state')
    row.update(measure(bench, row['server'], process, began, 'telefenced.log', without))
    row['one_added'] = bench.change(process, 'telefenced.log', 'new2.example', lambda: fence.push('new2.example'),
                                    'telefence push add, signed, through Redis')
    with open(bench.list, 'a', encoding='ascii') as out:
        out.write('new.example\n')
    row['reload'] = bench.change(process, 'telefenced.log', 'new.example', lambda: process.send_signal(signal.SIGHUP),
                                 'one line more in the list file, and SIGHUP')
    for other in (process, *fence.others):
        bench.end(other)
    return row
