# SPDX-License-Identifier: Apache-2.0
"""What is the same for every server that is measured: names, queries, load, answers, and a change while queries come in."""
import contextlib
import ctypes
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'live'))
from netns import SERVER, run  # noqa: E402  pylint: disable=wrong-import-position

ADDRESS = '192.0.2.1'
HITS = 20  # in a hundred queries
RATE = 10_000  # queries a second while something is changed
LATE = 1  # seconds; a query without an answer by then is lost
STEADY = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'steady.py')
PATIENCE = 300  # seconds that anything may take
MEMORY_LIMIT = 18 << 30
CLONE_NEWNET = 0x40000000


class GaveUp(Exception):
    """This server does not get there within the time or the memory that it is given; the text goes into the results."""


def listed(i):
    return 'fraud%d.example%d.cn' % (i * 7919 % 99999989, i % 97)


def wire(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'


def say(text):
    print(text, file=sys.stderr, flush=True)


def memory(process, field='VmRSS'):
    with open('/proc/%d/status' % process.pid, encoding='ascii') as status:
        found = re.search(field + r':\s+(\d+)', status.read())
    return int(found.group(1)) * 1024 if found else 0  # nothing: it has just ended


def cpu(process):
    with open('/proc/%d/stat' % process.pid, encoding='ascii') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


class Resolver:
    """Asks from within a namespace, in this process: starting dig takes longer than what some changes take."""

    def __init__(self, namespace):
        libc = ctypes.CDLL(None, use_errno=True)
        with open('/proc/thread-self/ns/net', 'rb') as home, open('/run/netns/' + namespace, 'rb') as there:
            if libc.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), 'setns')
            try:
                self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            finally:
                if libc.setns(home.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), 'setns')
        self.ids = 0

    def ask(self, name, wait=1.0):
        """(the code, whether the answer has ADDRESS); ('none', False) without an answer."""
        self.ids = (self.ids + 1) % 65536
        head = self.ids.to_bytes(2, 'big')
        self.socket.sendto(head + b'\1\0\0\1\0\0\0\0\0\0' + wire(name) + b'\0\1\0\1', (SERVER, 53))
        end = time.monotonic() + wait
        while select.select([self.socket], [], [], max(end - time.monotonic(), 0))[0]:
            answer = self.socket.recv(4096)
            if answer[:2] == head and len(answer) >= 12:
                code = {0: 'NOERROR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 5: 'REFUSED'}.get(answer[3] & 15, 'other')
                return code, socket.inet_aton(ADDRESS) in answer[12:]
        return 'none', False


class Bench:
    def __init__(self, options, line):
        self.options, self.line, self.names = options, line, options.names
        self.resolver = Resolver(line.client)
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

    def end(self, process):
        """Not gently: some of them take a minute to free what they have."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.line.stop(process)

    def guard(self, process, began, log):
        if process.poll() is not None:
            raise RuntimeError('ended with code %s:\n%s' % (process.poll(), self.line.read(log)[-2000:]))
        took = time.monotonic() - began
        if memory(process) > MEMORY_LIMIT:
            raise GaveUp('more than %d GiB of memory after %.0f s' % (MEMORY_LIMIT >> 30, took))
        if took > PATIENCE:
            raise GaveUp('not within %d s; %.1f GiB of memory by then' % (PATIENCE, memory(process) / 2**30))

    def answer(self, name):
        """The same as the resolver's, which asks again when nothing comes."""
        for _ in range(10):
            found = self.resolver.ask(name)
            if found[0] != 'none':
                break
        return found

    def wait_answer(self, process, began, log, name, code):
        while self.resolver.ask(name, 0.2)[0] != code:
            self.guard(process, began, log)
            time.sleep(0.01)
        return time.monotonic() - began

    def wait_blocked(self, process, began, log):
        return self.wait_answer(process, began, log, 'www.' + listed(self.names - 1), 'NXDOMAIN')

    def check(self):
        wrong = [name for name in self.blocked if self.answer('www.' + name)[0] != 'NXDOMAIN']
        innocent = ('www.shop1.site2.cn', 'www.example.org', 'notfraud.example1.cn')
        wrong += [name for name in innocent if self.answer(name) != ('NOERROR', True)]
        if wrong:
            raise RuntimeError('wrong answers: %s' % wrong)

    # Queries.
    def client(self, *command):
        return subprocess.Popen(['ip', 'netns', 'exec', self.line.client, 'taskset', '-c', '0', *command],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)

    def load(self, seconds):
        """As fast as it is answered."""
        with self.client('dnsperf', '-s', SERVER, '-d', self.line.path('queries.txt'), '-l', str(seconds), '-c', '8', '-q', '200',
                         '-t', str(LATE)) as client:
            return read_report(client.communicate(timeout=seconds + 60)[0])

    @contextlib.contextmanager
    def steady(self, result):
        """RATE queries a second for as long as it is open; what was lost of them goes into `result`."""
        with self.client(sys.executable, STEADY, self.line.path('queries.txt'), SERVER, str(RATE), str(LATE)) as client:
            try:
                client.stdout.readline()  # it has begun
                time.sleep(1)
                yield
                time.sleep(1)
            finally:
                client.send_signal(signal.SIGINT)
                text = client.communicate(timeout=60)[0]
        try:
            result.update(json.loads(text))
        except ValueError as error:
            raise RuntimeError('steady.py: ' + text) from error

    def quiet(self):
        """RATE without a change: what is lost then is not the change's."""
        result = {}
        with self.steady(result):
            time.sleep(5)
        return result

    def change(self, process, log, name, act, way):
        """Does `act` while RATE queries a second come in; how long until `name` is blocked, and what was lost until then."""
        if self.answer(name) != ('NOERROR', True):
            raise RuntimeError('%s is blocked already, or not answered' % name)
        # telefenced has both cores for what is not the packet path; so has everybody while something is changed.
        run('taskset', '-a', '-c', '-p', '0,1', str(process.pid))
        with open('/proc/%d/clear_refs' % process.pid, 'w', encoding='ascii') as out:
            out.write('5')  # VmHWM begins anew
        say('%s: %s' % (name, way))
        result = {'way': way}
        with self.steady(result):
            result.update(self.poll(process, log, name, Command(act)))
        result.update({'memory_most': memory(process, 'VmHWM'), 'memory_after': memory(process)})
        self.check()
        return result

    def poll(self, process, log, name, command):
        blocked, silent, heard = None, 0.0, time.monotonic()
        while command.running() or blocked is None:
            code = self.resolver.ask(name, 0.05)[0]
            now = time.monotonic()
            silent = max(silent, now - heard)
            if code != 'none':
                heard = now
            if code == 'NXDOMAIN' and blocked is None:
                blocked = now
            try:
                self.guard(process, command.began, log)
            except GaveUp as why:
                return {'failed': str(why)}
            time.sleep(0.0005)
        return {'command_s': round(command.ended - command.began, 4), 'blocked_s': round(blocked - command.began, 4),
                'blocked_after_command_s': round(max(blocked - command.ended, 0), 4), 'longest_silence_s': round(silent, 3)}


class Command:
    def __init__(self, act):
        self.error, self.ended, self.began = None, None, time.monotonic()
        self.thread = threading.Thread(target=self._run, args=(act,), daemon=True)
        self.thread.start()

    def _run(self, act):
        try:
            act()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            self.error = str(error)
        self.ended = time.monotonic()

    def running(self):
        going_on = self.ended is None
        if not going_on and self.error:
            raise RuntimeError(self.error)
        return going_on


def read_report(text):
    found = {key: re.search(pattern, text) for key, pattern in
             (('qps', r'Queries per second:\s+([\d.]+)'), ('lost', r'Queries lost:\s+(\d+)'))}
    if not all(found.values()):
        raise RuntimeError(text)
    codes = re.search(r'Response codes:\s+(.*)', text)
    return {'qps': float(found['qps'].group(1)), 'lost': int(found['lost'].group(1)),
            'codes': codes.group(1) if codes else ''}


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
    result['nothing_changed'] = bench.quiet()
    say('%s: %s' % (what, result))
    return result
