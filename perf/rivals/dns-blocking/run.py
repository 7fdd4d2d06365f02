#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Blocks the same names with dnsdist, unbound and telefenced, asks each the same, and writes what came of it as JSON.

    perf/rivals/dns-blocking/run.py --install            # Debian's packages
    perf/rivals/dns-blocking/run.py --names 1000000 --build build-perf > results.json
    perf/rivals/dns-blocking/plot.py results.json docs/dns-blocking.svg

client -- (access, core) -- server, three network namespaces. A rival runs in `server` and answers itself; for its runs the middle
is the kernel's bridge. telefenced stands in the middle itself, and what it lets through is answered by a dnsdist without names.
Client on core 0, what is measured on core 1.
Innocent names are answered with an address, blocked ones with NXDOMAIN; the answers are checked.
"""
import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'live'))
from netns import Line, SERVER, run  # noqa: E402  pylint: disable=wrong-import-position

ADDRESS = '192.0.2.1'
HITS = 20  # in a hundred queries
RATE = 10_000  # queries a second while something is changed


def listed(i):
    return 'fraud%d.example%d.cn' % (i * 7919 % 99999989, i % 97)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options, line):
        self.options, self.line, self.names = options, line, options.names
        self.list = line.path('names.txt')
        with open(self.list, 'w', encoding='ascii') as out:
            for i in range(self.names):
                out.write(listed(i) + '\n')
        rng = random.Random(7)
        self.blocked = [listed(rng.randrange(self.names)) for _ in range(20)]
        with open(line.path('queries.txt'), 'w', encoding='ascii') as out:
            for _ in range(200_000):
                innocent = 'shop%d.site%d.cn' % (rng.randrange(10**8), rng.randrange(97))
                name = listed(rng.randrange(self.names)) if rng.random() * 100 < HITS else innocent
                out.write('www.%s A\n' % name)

    # Processes of what is measured.
    def start(self, namespace, name, *command):
        began = time.monotonic()
        process = self.line.start(namespace, name, 'taskset', '-c', '1', *command)
        return process, began

    def ask(self, name):
        done = self.line.at(self.line.client, 'dig', '+tries=1', '+time=1', '+noedns', '@' + SERVER, name, 'A')
        status = re.search(r'status: (\w+)', done.stdout)
        return (status.group(1) if status else 'none', ADDRESS in done.stdout)

    def wait_blocked(self, process, began, log):
        while True:
            if process.poll() is not None:
                raise RuntimeError('ended with code %s:\n%s' % (process.poll(), self.line.read(log)[-2000:]))
            if self.ask('www.' + listed(self.names - 1))[0] == 'NXDOMAIN':
                return time.monotonic() - began
            if time.monotonic() - began > 300:
                raise RuntimeError('not ready within 300 s:\n' + self.line.read(log)[-2000:])
            time.sleep(0.05)

    def check(self):
        wrong = [name for name in self.blocked if self.ask('www.' + name)[0] != 'NXDOMAIN']
        innocent = ('www.shop1.site2.cn', 'www.example.org', 'notfraud.example1.cn')
        wrong += [name for name in innocent if self.ask(name) != ('NOERROR', True)]
        if wrong:
            raise RuntimeError('wrong answers: %s' % wrong)

    def load(self, seconds, before=None, rate=0):
        """dnsperf; `before` is called while it runs. Queries a second and how many were lost."""
        command = ['ip', 'netns', 'exec', self.line.client, 'taskset', '-c', '0', 'dnsperf', '-s', SERVER, '-d',
                   self.line.path('queries.txt'), '-l', str(seconds), '-c', '8', '-q', '200', '-t', '1']
        if rate:
            command += ['-Q', str(rate)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              stdin=subprocess.DEVNULL) as client:
            if before:
                time.sleep(1)
                before()
            text = client.communicate(timeout=seconds + 60)[0]
        found = {key: re.search(pattern, text) for key, pattern in
                 (('qps', r'Queries per second:\s+([\d.]+)'),
                  ('lost', r'Queries lost:\s+(\d+)'), ('sent', r'Queries sent:\s+(\d+)'))}
        if not all(found.values()):
            raise RuntimeError(text)
        codes = re.search(r'Response codes:\s+(.*)', text)
        return {'qps': float(found['qps'].group(1)), 'lost': int(found['lost'].group(1)), 'sent': int(found['sent'].group(1)),
                'codes': codes.group(1) if codes else ''}


def memory(process):
    with open('/proc/%d/status' % process.pid, encoding='ascii') as status:
        return int(re.search(r'VmRSS:\s+(\d+)', status.read()).group(1)) * 1024


def cpu(process):
    with open('/proc/%d/stat' % process.pid, encoding='ascii') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def measure(bench, what, process, began, log, empty):
    result = {'server': what, 'names': bench.names, 'ready_s': round(bench.wait_blocked(process, began, log), 2)}
    result['ready_cpu_s'] = round(cpu(process), 2)  # of this many it had the core
    result['memory'] = memory(process)
    result['octets_per_name'] = round((result['memory'] - empty) / bench.names, 1)
    bench.check()
    runs = []
    for _ in range(bench.options.runs):
        used, start = cpu(process), time.monotonic()
        one = bench.load(bench.options.seconds)
        # A part of what the process used; the kernel's work in interrupts is not in it.
        one['core_share'] = (cpu(process) - used) / (time.monotonic() - start)
        runs.append(one)
    runs.sort(key=lambda one: one['qps'])
    middle = runs[len(runs) // 2]
    result.update({'qps': round(middle['qps']), 'qps_least': round(runs[0]['qps']), 'qps_most': round(runs[-1]['qps']),
                   'per_core_second': round(middle['qps'] / max(middle['core_share'], 0.01)), 'codes': middle['codes'],
                   'lost': middle['lost']})
    say('%s: %s' % (what, result))
    return result


def bridge(bench, up):
    middle = bench.line.middle
    if up:
        run('ip', '-n', middle, 'link', 'add', 'br0', 'type', 'bridge')
        for device in ('access', 'core'):
            run('ip', '-n', middle, 'link', 'set', device, 'master', 'br0')
        run('ip', '-n', middle, 'link', 'set', 'br0', 'up')
    else:
        run('ip', '-n', middle, 'link', 'del', 'br0')


DNSDIST = '''setLocal('%s:53')
setACL('0.0.0.0/0')
setSecurityPollSuffix('')
%s
addAction(AllRule(), SpoofAction('%s'))
'''


def dnsdist(bench, name, rules):
    config = bench.line.write(name + '.conf', DNSDIST % (SERVER, rules, ADDRESS))
    return bench.start(bench.line.server, name, 'dnsdist', '--supervised', '--disable-syslog', '-C', config)


def end(bench, process):
    bench.line.stop(process, 20)
    bench.line.processes = [(n, p) for n, p in bench.line.processes if p is not process]


def empty_dnsdist(bench):
    process, began = dnsdist(bench, 'empty', '')
    while bench.ask('www.example.org')[0] != 'NOERROR':
        time.sleep(0.05)
        if time.monotonic() - began > 20:
            raise RuntimeError(bench.line.read('empty.log'))
    return process


def with_dnsdist(bench):
    process = empty_dnsdist(bench)
    empty = memory(process)
    ceiling = [bench.load(bench.options.seconds)['qps'] for _ in range(bench.options.runs)]
    yield {'server': 'dnsdist, no names', 'names': 0, 'qps': round(sorted(ceiling)[len(ceiling) // 2]), 'memory': empty}
    end(bench, process)
    process, began = dnsdist(bench, 'suffix', '''local names = newSuffixMatchNode()
for line in io.lines('%s') do names:add(newDNSName(line)) end
addAction(SuffixMatchNodeRule(names), RCodeAction(DNSRCode.NXDOMAIN))''' % bench.list)
    result = measure(bench, 'dnsdist, SuffixMatchNode', process, began, 'suffix.log', empty)
    result['reload'] = 'a restart: no answer for as long as it takes to load'
    yield result
    end(bench, process)
    began = time.monotonic()
    with open(bench.line.path('names.cdb.txt'), 'wb') as out:
        for i in range(bench.names):
            key = b''.join(bytes([len(label)]) + label.encode() for label in listed(i).split('.')) + b'\0'
            out.write(b'+%d,1:%s->1\n' % (len(key), key))
        out.write(b'\n')
    wrote = time.monotonic() - began
    began = time.monotonic()
    run('cdb', '-c', bench.line.path('names.cdb'), bench.line.path('names.cdb.txt'), timeout=120)
    made = time.monotonic() - began
    process, began = dnsdist(bench, 'cdb', '''local names = newCDBKVStore('%s', 1)
addAction(KeyValueStoreLookupRule(names, KeyValueLookupKeySuffix(2, true)),
          RCodeAction(DNSRCode.NXDOMAIN))''' % bench.line.path('names.cdb'))
    result = measure(bench, 'dnsdist, CDB', process, began, 'cdb.log', empty)
    result.update({'file_made_s': round(made, 2), 'file_written_by_python_s': round(wrote, 2)})
    yield result
    end(bench, process)


UNBOUND = '''server:
  interface: %s
  access-control: 0.0.0.0/0 allow
  num-threads: 1
  username: ""
  chroot: ""
  directory: "%s"
  pidfile: "%s/unbound.pid"
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  so-reuseport: no
  local-zone: "." redirect
  local-data: ". 60 IN A %s"
  include: "%s"
remote-control:
  control-enable: yes
  control-interface: "%s/unbound.sock"
  control-use-cert: no
'''


def with_unbound(bench):
    folder = bench.line.folder
    zones = bench.line.path('zones.conf')

    def start(names):
        with open(zones, 'w', encoding='ascii') as out:
            for i in range(names):
                out.write('local-zone: "%s." always_nxdomain\n' % listed(i))
        config = bench.line.write('unbound.conf', UNBOUND % (SERVER, folder, folder, ADDRESS, zones, folder))
        return bench.start(bench.line.server, 'unbound', 'unbound', '-d', '-c', config)

    process, began = start(0)
    while bench.ask('www.example.org')[0] != 'NOERROR':
        time.sleep(0.05)
        if process.poll() is not None or time.monotonic() - began > 20:
            raise RuntimeError(bench.line.read('unbound.log'))
    empty = memory(process)
    end(bench, process)
    process, began = start(bench.names)
    result = measure(bench, 'unbound, local-zone', process, began, 'unbound.log', empty)

    def control(*command):
        began = time.monotonic()
        bench.line.at(bench.line.server, 'unbound-control', '-c', bench.line.path('unbound.conf'), *command,
                      timeout=300, check=True)
        return time.monotonic() - began

    took = []
    quiet = bench.load(5, rate=RATE)
    result['nothing_changed'] = {'lost': quiet['lost'], 'sent': quiet['sent']}
    lost = bench.load(5, lambda: took.append(control('local_zone', 'new.example.', 'always_nxdomain')), rate=RATE)
    result['one_added'] = {'command_s': round(took[0], 3), 'lost': lost['lost'], 'sent': lost['sent']}
    lost = bench.load(int(result['ready_s']) + 6, lambda: took.append(control('reload')), rate=RATE)
    result['reload'] = {'command_s': round(took[1], 3), 'lost': lost['lost'], 'sent': lost['sent']}
    say('unbound: %s %s %s' % (result['nothing_changed'], result['one_added'], result['reload']))
    yield result
    end(bench, process)


FENCE = '''version: 1
node: {id: rivals}
mode: enforce
ports:
  - {name: access, device: access}
  - {name: core, device: core}
wire: [[access, core]]
engine: {hugepages: "off", workers: "1"}
policy:
  lists:
    - {file: "%(list)s", kind: domain, category: phishing, tier: 1}
protocols:
  dns: {answer: nxdomain}
records: {file: "%(folder)s/records.json"}
listen: {web: "off", control: "%(folder)s/control.sock"}
'''


def with_telefenced(bench):
    program = os.path.join(bench.options.build, 'src', 'app', 'telefenced')
    other = bench.line.start(bench.line.server, 'origin', 'taskset', '-c', '0', 'dnsdist', '--supervised', '--disable-syslog', '-C',
                             bench.line.write('origin.conf', DNSDIST % (SERVER, '', ADDRESS)))

    def start(name):
        config = bench.line.write('telefenced.yaml', bench.options.fence % {'list': name, 'folder': bench.line.folder})
        began = time.monotonic()
        return bench.line.start(bench.line.middle, 'telefenced', program, 'run', '-c', config), began

    process, began = start(bench.line.write('one.txt', listed(bench.names - 1) + '\n'))
    bench.wait_blocked(process, began, 'telefenced.log')
    empty = memory(process)
    end(bench, process)
    process, began = start(bench.list)
    result = measure(bench, 'telefenced in line, before dnsdist', process, began, 'telefenced.log', empty)

    def reload():
        process.send_signal(signal.SIGHUP)

    with open(bench.list, 'a', encoding='ascii') as out:
        out.write('new.example\n')
    if bench.ask('new.example')[0] != 'NOERROR':
        raise RuntimeError('new.example is blocked already')
    quiet = bench.load(5, rate=RATE)
    result['nothing_changed'] = {'lost': quiet['lost'], 'sent': quiet['sent']}
    lost = bench.load(10, reload, rate=RATE)
    if bench.ask('new.example')[0] != 'NXDOMAIN':
        raise RuntimeError('new.example is not blocked after the reload:\n' + bench.line.read('telefenced.log')[-1000:])
    result['reload'] = {'lost': lost['lost'], 'sent': lost['sent']}
    say('telefenced: %s %s' % (result['nothing_changed'], result['reload']))
    yield result
    end(bench, process)
    end(bench, other)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--install', action='store_true', help="install Debian's packages, and end")
    parser.add_argument('--names', type=int, default=7_529_000)
    parser.add_argument('--build', default=os.path.join(ROOT, 'build-perf'))
    parser.add_argument('--seconds', type=int, default=5, help='of a run')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--only', choices=('dnsdist', 'unbound', 'telefenced'))
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.fence = FENCE
    if options.install:
        return subprocess.call(['apt-get', 'install', '-y', '--no-install-recommends',
                                'dnsdist', 'unbound', 'dnsperf', 'tinycdb', 'bind9-dnsutils'])
    line = Line()
    results = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        line.open()
        bench = Bench(options, line)
        bridge(bench, True)
        for name, part in (('dnsdist', with_dnsdist), ('unbound', with_unbound)):
            if options.only in (None, name):
                results += part(bench)
        bridge(bench, False)
        if options.only in (None, 'telefenced'):
            results += with_telefenced(bench)
    finally:
        line.close()
        print(json.dumps({'names': options.names, 'hits_percent': HITS, 'results': results}, indent=1), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
