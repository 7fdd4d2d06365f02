# SPDX-License-Identifier: Apache-2.0
"""A worker that falls behind, for two true reasons: packets that are dear to read, and a core of which others take nearly all.

Usage: overload.py BUILD_DIR      Needs root and two CPUs. How much comes is found out: more and more, until the worker falls behind. It ends
with a line "N passed, N failed" and exit code 0 only when nothing failed; 4 when this machine can't carry it.
"""
import itertools
import json
import os
import re
import struct
import subprocess
import sys
import time

import netns
import services
from report import Report, carry_out

sys.path.insert(0, os.path.join(services.HERE, '..', '..', 'scripts', 'lib'))
import messages  # noqa: E402
import packets  # noqa: E402
import quic  # noqa: E402

CAUSES = ('fragments', 'quic', 'spread', 'texts', 'names')
CONFIG = '''version: 1
node: {id: overload}
mode: enforce
ports:
  - {name: access, device: access}
  - {name: core, device: core}
wire: [[access, core]]
engine: {hugepages: "off", workers: "%(worker)d", control_core: %(control)d, bypass: {automatic: %(automatic)s}}
policy:
  lists:
    - {file: "%(folder)s/block.txt", kind: domain, category: phishing, tier: 1}
  answers: {page_url: "https://warning.example/fraud"}
listen: {web: "127.0.0.1:9469", control: "%(folder)s/control.sock"}
'''
# Works so many microseconds and rests so many, again and again. The pulses are short, so that the worker is slowed down evenly: where it
# stands still for long and is quick in between, it loses packets, but reading less would help nobody.
PULSES = """
import os, sys, time
busy, rest = (int(one) / 1e6 for one in sys.argv[1:])
try:
    # Some schedulers let the worker finish its slice first, however nice it is: then its core is hardly taken.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
except OSError:
    os.setpriority(os.PRIO_PROCESS, 0, -20)
while True:
    end = time.perf_counter() + busy
    while time.perf_counter() < end:
        pass
    time.sleep(rest)
"""
SLOWED = (None, (300, 300), (800, 200), (1500, 100))
RATES = (20000, 60000, 150000)
PATIENCES_S = (0.8, 3)  # one after the other: on a slow machine the sender takes longer until it sends so many
ELSEWHERE = '10.77.0.99'  # behind the daemon, and nobody


def flood_of(kinds):
    """Some frames of each kind, mixed: what each says is innocent, and most of it is dear to read."""
    hello = messages.client_hello('www.fine.example')
    initial = quic.initial(quic.crypto(0, hello[5:]))

    def make(kind, i):
        source, port = '10.77.1.%d' % (1 + i % 200), 10000 + i
        if kind == 'fragments':  # of IPv4 the kernel would make whole packets before the driver gets them
            header = struct.pack('!BBHI', packets.UDP, 0, 1, i)
            part = packets.udp('fd77:1::%x' % i, port, 'fd77::99', 5060, b'x' * 600)[:400]
            return packets.ethernet(packets.ip('fd77:1::%x' % i, 'fd77::99', packets.UDP, part, extensions=header, next_header=44))
        if kind == 'quic':
            return packets.udp_frame(source, port, ELSEWHERE, 443, initial)
        if kind == 'spread':
            return packets.tcp_frame(source, port, ELSEWHERE, 443, hello[:80])
        if kind == 'texts':
            return packets.tcp_frame(source, port, ELSEWHERE, 2775, messages.smpp_submit(i, '10690001', '8613800000001', '您的快递已到小区门口' * 5))
        return packets.udp_frame(source, port, ELSEWHERE, 53, messages.dns_query('www%d.fine.example' % i))
    return [make(kind, i) for i in range(512 // len(kinds)) for kind in kinds]


class Overload:
    def __init__(self, line, build, report):
        self.line, self.build, self.report = line, build, report
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise netns.NotPossible('the overload test needs two CPUs, one of them for the worker alone')
        self.control, self.worker = cores[0], cores[-1]
        self.daemon = self.busy = None

    def start(self):
        line = self.line
        line.write('block.txt', 'bad.example\n')
        config = self.configure(False)
        services.unbound(line, ['fine.example', 'bad.example'])
        services.nginx(line)
        self.daemon = line.start(line.middle, 'telefenced', os.path.join(self.build, 'src', 'app', 'telefenced'), 'run', '-c', config)
        line.wait('telefenced', lambda: 'telefence_ready 1' in self.text('metrics'), 20)
        line.wait('the way through telefenced', lambda: line.at(line.client, 'ping', '-c', '1', '-W', '1', netns.SERVER).returncode == 0)
        for name, kinds in (('dear', ('quic',)), ('all', CAUSES)):
            packets.write_pcap(line.path(name + '.pcap'), flood_of(kinds))

    def configure(self, bypasses):
        return self.line.write('telefenced.yaml', CONFIG % {'folder': self.line.folder, 'worker': self.worker, 'control': self.control,
                                                            'automatic': 'true' if bypasses else 'false'})

    def text(self, page):
        return self.line.at(self.line.middle, 'curl', '-s', '--max-time', '5', 'http://127.0.0.1:9469/' + page).stdout

    def metrics(self):
        return {name: float(value) for name, value in re.findall(r'^(telefence_\S+) (\S+)$', self.text('metrics'), re.M)}

    @staticmethod
    def shed(metrics):
        return {cause: int(metrics['telefence_overload_shed_total{cause="%s"}' % cause]) for cause in CAUSES}

    def flood(self, name):
        """Silent until it is told how much to send."""
        self.rate(0)
        process = self.line.start(self.line.client, 'flood-' + name, 'taskset', '-c', str(self.control), sys.executable, '-B',
                                  os.path.join(services.HERE, 'flood.py'), 'client0', self.line.path(name + '.pcap'), self.line.path('rate'))
        self.line.wait('the flood', lambda: 'ready' in self.line.read('flood-%s.log' % name))
        return process

    def rate(self, packets_per_second):
        self.line.write('rate.new', str(packets_per_second))
        os.rename(self.line.path('rate.new'), self.line.path('rate'))

    def hog(self, pulses):
        """Takes the worker's core from it, for the most part."""
        self.free()
        if pulses is not None:
            self.busy = subprocess.Popen(('taskset', '-c', str(self.worker), sys.executable, '-c', PULSES) + tuple(map(str, pulses)), cwd='/')

    def free(self):
        if self.busy is not None:
            self.busy.kill()
            self.busy.wait()
            self.busy = None

    def press(self, is_behind):
        """More and more comes, and the worker gets less and less, until is_behind(). Returns what it took, None when it never was."""
        for patience_s, pulses in itertools.product(PATIENCES_S, SLOWED):  # a machine of others' is not always as slow as it was a moment ago
            self.hog(pulses)
            for rate in RATES:
                self.rate(rate)
                end = time.monotonic() + patience_s
                while time.monotonic() < end:
                    if is_behind():
                        return '%d packets per second%s' % (rate, '' if pulses is None else ', its core taken for %d of %d us' % (pulses[0], sum(pulses)))
        return None

    def look(self, before):
        """Whether the daemon says that it is behind, and what it shed since `before`."""
        ready = json.loads(self.text('readyz') or '{}')
        said = [one for one in ready.get('reasons', ()) if 'has fallen behind and does not read' in one]
        shed = self.shed(self.metrics())
        return said, {cause: shed[cause] - before[cause] for cause in CAUSES}, ready.get('ready')

    def dear(self):
        """Too many QUIC hellos: when they are not opened any more, everything else is read and goes on."""
        check, line = self.report.check, self.line
        self.report.part('More QUIC hellos than can be opened')
        before, seen = self.shed(self.metrics()), []

        def is_behind():
            said, shed, is_ready = self.look(before)
            if said:
                seen.append((said[0], is_ready))
            return said and shed['quic']
        flood = self.flood('dear')
        found = self.press(is_behind)
        check('the worker falls behind, and QUIC is shed', found, self.look(before), found or '')
        check('/readyz says so, and stays ready', seen and all(one[1] for one in seen), seen[-3:], seen[-1][0] if seen else '')
        names = self.shed(self.metrics())['names']
        begin = time.monotonic()
        pages = [services.curl(line, 'http://www%d.fine.example/' % i, '--max-time', '10', '--retry', '2')[:2] for i in range(5)]
        check('5 pages of fine.example meanwhile: 200', pages == [(0, 200)] * 5, pages, 'in %.1f s' % (time.monotonic() - begin))
        begin = time.monotonic()
        found = [services.dig(line, 'www%d.fine.example' % i, '+tries=8', '+time=1')[0] for i in range(5)]
        check('5 look-ups of fine.example meanwhile: answered', found == ['NOERROR'] * 5, found, 'in %.1f s' % (time.monotonic() - begin))
        status = services.dig(line, 'www.bad.example', '+tries=8', '+time=1')[0]
        sheds_names = self.shed(self.metrics())['names'] != names
        check('a look-up of bad.example meanwhile: refused, if names are read', status == 'NXDOMAIN' or sheds_names, status,
              'names were shed: another program had the core' if sheds_names else status)
        said, shed, _ = self.look(before)
        check('... and nothing is shed that did not come', shed['fragments'] == 0 and shed['texts'] == 0, shed, str(shed))
        self.calm(flood)

    def all(self):
        """The core itself is taken away: each cause is shed, forwarding never."""
        self.report.part('Another program has the core of the worker')
        before = self.shed(self.metrics())
        most = ['']

        def is_behind():
            said, shed, _ = self.look(before)
            most[0] = max(most + said, key=len)
            return all(shed.values()) and 'names' in most[0]
        flood = self.flood('all')
        found = self.press(is_behind)
        _, shed, _ = self.look(before)
        for cause in CAUSES:
            self.report.check('%s are shed' % cause, shed[cause], shed, '%d' % shed[cause])
        self.report.check('/readyz names all that is not read', ', '.join(CAUSES) in most[0], most, most[0] + ' (%s)' % found)
        self.calm(flood)

    def is_bypassed(self):
        return self.metrics().get('telefence_bypass{cause="error"}') == 1

    def bypassed(self):
        """Nothing that is left unread helps any more: the daemon bypasses by itself, and tries again a minute later."""
        check, line = self.report.check, self.line
        self.report.part('Shedding does not help')
        self.configure(True)
        done = line.at(line.middle, os.path.join(self.build, 'src', 'app', 'telefence'), 'reload', '--socket', line.path('control.sock'))
        check('telefence reload: bypass by itself is allowed now', done.returncode == 0, done.stdout + done.stderr)
        flood = self.flood('all')
        found, begin = None, time.monotonic()
        for pulses, rate in itertools.product(SLOWED[:0:-1], RATES[:0:-1]):
            self.hog(pulses)
            self.rate(rate)
            line.wait('bypass', self.is_bypassed, 12, must=False)
            if self.is_bypassed():
                found = time.monotonic()
                break
        check('the daemon bypasses by itself', found, self.metrics().get('telefence_overload_level'), 'after %.1f s' % ((found or 0) - begin))
        status = line.at(line.middle, 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1:9469/readyz').stdout
        why = [one for one in json.loads(self.text('readyz'))['reasons'] if 'bypass' in one]
        check('/readyz is 503 and says why', status == '503' and why, (status, why), ' '.join(why))
        self.rate(0)
        self.free()
        seen = services.curl(line, 'http://www.bad.example/')[:2]
        check('what is refused otherwise passes', seen == (0, 200), seen, 'HTTP %d' % seen[1])
        line.wait('the end of bypass', lambda: not self.is_bypassed(), 75, must=False)
        seconds = time.monotonic() - (found or 0)
        check('a minute later it inspects again', 55 < seconds < 70, seconds, 'after %.0f s' % seconds)
        self.calm(flood)

    def calm(self, flood):
        line, check = self.line, self.report.check
        self.rate(0)
        self.free()
        line.stop(flood)
        begin = time.monotonic()
        line.wait('the end of it', lambda: self.metrics()['telefence_overload_level'] == 0, 10, must=False)
        level, ready = self.metrics()['telefence_overload_level'], json.loads(self.text('readyz'))
        check('afterwards all is read again: level 0', level == 0, level, 'after %.1f s' % (time.monotonic() - begin))
        check('/readyz has nothing to say', ready['ready'] and not ready['reasons'], ready['reasons'])
        before = self.shed(self.metrics())
        found = [services.dig(line, 'www.bad.example', '+tries=3')[0], services.curl(line, 'http://www.bad.example/')[1],
                 services.dig(line, 'www.fine.example', '+tries=3')[0]]
        check('bad.example is refused, fine.example is not', found == ['NXDOMAIN', 302, 'NOERROR'], found)
        check('nothing is shed any more', self.shed(self.metrics()) == before, before)

    def books(self):
        check = self.report.check
        self.report.part('The books')
        for _ in range(50):
            metrics = self.metrics()
            fates = {name.split('"')[1]: int(value) for name, value in metrics.items() if name.startswith('telefence_packets_total') and value}
            received = int(metrics['telefence_packets_received_total'] - metrics['telefence_held_packets'])
            if received == sum(fates.values()):
                break
            time.sleep(0.1)
        check('every packet has one fate', received == sum(fates.values()), (received, fates), '%d: %s' % (received, fates))
        shed = self.shed(metrics)
        unread = sum(count for cause, count in shed.items() if cause != 'texts')  # where texts are shed the numbers are read
        check('what was shed of whole packets is what was forwarded for it', fates.get('forwarded_overload') == unread, (fates, shed), str(unread))
        # What still came on a connection that was refused, or found no room behind the worker, has names of its own.
        dropped = {name: count for name, count in fates.items() if name.startswith('dropped')}
        check('nothing was dropped for it', not set(dropped) - {'dropped_dead_connection', 'dropped_transmit_full'}, dropped, str(dropped))
        lost = {name: int(value) for name, value in metrics.items() if name.startswith('telefence_port_lost_total') and value}
        print('         (lost before a worker got it, which is no shedding: %s)' % lost, flush=True)
        check('no bypass', metrics['telefence_bypass{cause="error"}'] == 0)

    def run(self):
        self.start()
        self.dear()
        self.all()
        self.books()
        self.bypassed()
        self.daemon.terminate()
        self.report.check('telefenced ends with code 0', self.daemon.wait(10) == 0, self.daemon.poll())
        self.line.processes = [entry for entry in self.line.processes if entry[1] is not self.daemon]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    line, report = netns.Line(), Report()
    made = []

    def work():
        made.append(Overload(line, os.path.abspath(sys.argv[1]), report))
        made[0].run()

    return carry_out(line, report, work, lambda: [one.free() for one in made])


if __name__ == '__main__':
    sys.exit(main())
