# SPDX-License-Identifier: Apache-2.0
"""The run of scripts/demo: a private Redis, telefenced on two net_pcap ports, a feeder, three pushes, and a table each second.

Usage: demo.py BUILD_DIR [--lang en|zh] [--seconds N]
"""
import argparse
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import datetime

import demo_traffic
import demo_words

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHANNELS = ('dns', 'web', 'sms', 'call')
PUSH_EVERY_S = 6
PLAIN_TABLE_EVERY_S = 5  # where the output is no terminal: a table below the other, so fewer of them


class Trouble(Exception):
    """Something the demo cannot go on without; the text is for people."""


def die_with_parent():
    """Children end even if the demo is killed hard (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def free_port(wanted=9469):
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise Trouble('no free TCP port on 127.0.0.1')


class Processes:
    """Everything the demo starts, ended in the opposite order."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='telefence-')
        self.started = []

    def start(self, name, *command):
        with open(os.path.join(self.folder, name + '.log'), 'wb') as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                       start_new_session=True, preexec_fn=die_with_parent, cwd=self.folder)
        self.started.append((name, process))
        return process

    def log_of(self, name):
        return pathlib.Path(self.folder, name + '.log').read_text(errors='replace').strip()[-1500:] or '(it said nothing)'

    def check(self):
        # The feeder ends when the daemon does: the one started first is the cause.
        for name, process in self.started:
            if process.poll() is not None:
                how = 'was ended by signal %d' % -process.returncode if process.returncode < 0 else 'ended with code %d' % process.returncode
                raise Trouble('%s %s; its last words:\n%s' % (name, how, self.log_of(name)))

    def wait(self, what, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.check()
            if time.monotonic() > end:
                raise Trouble('%s: not ready within %d s; its last words:\n%s' % (what, seconds, self.log_of(what)))
            time.sleep(0.01)

    def close(self):
        # The feeder is the last one started and goes first: a daemon that waits for its fifo then sees the end of it.
        for _, process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Records(threading.Thread):
    """Follows the file of interception records."""

    def __init__(self, file):
        super().__init__(daemon=True)
        self.file, self.count = file, 0
        self.newest = {channel: [] for channel in CHANNELS}
        self.waiting = {}  # name of a push: (test of a record, event, [record])
        self.lock = threading.Lock()

    def run(self):
        rest = b''
        with open(self.file, 'rb') as source:
            while True:
                rest += source.read()
                *lines, rest = rest.split(b'\n')
                for record in map(json.loads, lines):
                    if record['event_type'] == 'alert':
                        self.take(record)
                time.sleep(0.005)

    def take(self, record):
        with self.lock:
            self.count += 1
            newest = self.newest[record['telefence']['channel']]
            newest[:] = (newest + [record])[-4:]
            for push in list(self.waiting.values()):
                if push.bit_ms is None and push.is_mine(record):
                    push.bitten(record)

    def newest_first(self, count):
        """The newest of all channels, but of each channel that has any at least one."""
        with self.lock:
            ones = [record for records in self.newest.values() for record in records[-1:]]
            more = [record for records in self.newest.values() for record in records[:-1]]
        by_time = lambda records: sorted(records, key=lambda record: record['timestamp'], reverse=True)
        return by_time((ones + by_time(more))[:count])


class Push:
    def __init__(self, kind, value, category, is_mine, more=()):
        self.kind, self.value, self.category, self.is_mine, self.more = kind, value, category, is_mine, more
        self.at = self.sequence = self.in_force_ms = self.bit_ms = None

    def publish(self, tool, redis):
        self.at = time.time()
        done = subprocess.run([tool, 'push', 'add', self.kind, self.value, '--category', self.category, '--tier', '1', *self.more,
                               '--json', '--redis', 'unix:' + redis], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise Trouble('telefence push: %s' % (done.stderr or done.stdout).strip())
        self.sequence = json.loads(done.stdout)['seq']

    def look_at(self, metrics):
        """The daemon tells how long its newest batch took from the publisher's clock until all workers used it."""
        if self.in_force_ms is None and total(metrics, 'telefence_policy_sequence') == self.sequence:
            self.in_force_ms = 1000 * sum(value for _, value in metrics.get('telefence_policy_propagation_seconds', []))

    def bitten(self, record):
        stamp = datetime.strptime(record['timestamp'], '%Y-%m-%dT%H:%M:%S.%f%z').timestamp()
        # The packet's own time, unless the port gave it none of today.
        when = stamp if self.at <= stamp <= time.time() else time.time()
        self.bit_ms = (when - self.at) * 1000


def pushes():
    def of(kind, matched=None):
        return lambda record: record['telefence']['kind'] == kind and (matched is None or record['telefence']['matched'] == matched)
    number = demo_traffic.PUSHED_NUMBER
    return [
        Push('domain', demo_traffic.PUSHED_DOMAIN, 'phishing', of('domain', demo_traffic.PUSHED_DOMAIN)),
        # Numbers are masked in records; the last digits of this one are nobody else's in the demo.
        Push('number', number, 'spoofed-caller', lambda record: of('number')(record) and
             record['call' if 'call' in record else 'sms']['from'].endswith(number[-4:])),
        Push('pattern', demo_traffic.PUSHED_PATTERN, 'romance-invest', of('pattern', demo_traffic.PUSHED_PATTERN), ('--match', 'regex'))]


def scrape(port):
    """{metric name: [(labels, value)]}"""
    with urllib.request.urlopen('http://127.0.0.1:%d/metrics' % port, timeout=5) as reply:
        text = reply.read().decode()
    found = {}
    for line in text.splitlines():
        if line and line[0] != '#':
            name, _, value = line.rpartition(' ')
            name, _, labels = name.partition('{')
            pairs = dict(part.split('=', 1) for part in labels.rstrip('}').replace('"', '').split(',') if part)
            found.setdefault(name, []).append((pairs, float(value)))
    return found


def total(metrics, name, **wanted):
    return int(sum(value for labels, value in metrics.get(name, []) if all(labels.get(k) == v for k, v in wanted.items())))


BOLD, GREEN = '1', '32'


class Line(str):
    """A line of the table with its colour on a terminal."""

    def __new__(cls, text, style):
        line = super().__new__(cls, text)
        line.style = style
        return line


class Table:
    def __init__(self, words, where, seconds):
        self.words, self.where, self.seconds = words, where, seconds
        self.on_terminal = sys.stdout.isatty() and os.environ.get('TERM', 'dumb') != 'dumb'
        self.has_colour = self.on_terminal and not os.environ.get('NO_COLOR')
        self.lines_before = 0
        self.last = None
        self.next_plain_s = 0

    def figures(self, metrics):
        rows = {}
        for channel in CHANNELS:
            acted, tagged = (total(metrics, 'telefence_actions_total', channel=channel),
                             total(metrics, 'telefence_actions_total', channel=channel, action='tag'))
            rows[channel] = (total(metrics, 'telefence_messages_total', channel=channel), acted - tagged, tagged)
        return rows

    def draw(self, elapsed, metrics, records, list_of_pushes):
        words, rows = self.words, self.figures(metrics)
        received = total(metrics, 'telefence_packets_received_total')
        # The first second says nothing of the pace: the daemon may have waited for the feeder.
        rate = (received - self.last[1]) / max(elapsed - self.last[0], 0.001) if self.last else None
        self.last = (elapsed, received)
        if not self.on_terminal and elapsed < self.next_plain_s:
            return
        self.next_plain_s = elapsed + PLAIN_TABLE_EVERY_S - 0.5
        lines = [Line(words.headline(min(elapsed, self.seconds), self.seconds), BOLD), *words.addresses(*self.where), '',
                 Line(words.columns(), BOLD)]
        lines += [words.row(channel, *rows[channel]) for channel in CHANNELS]
        lines += [words.packets(received, rate), '', Line(words.newest, BOLD)]
        shown = max(4, min(8, shutil.get_terminal_size().lines - len(lines) - 5))
        lines += [words.interception(record) for record in records.newest_first(shown)] or ['  -']
        lines += [Line(words.pushed, BOLD)] * bool(list_of_pushes)
        lines += [Line(words.push(push), GREEN if push.bit_ms is not None else '') for push in list_of_pushes]
        self.show(lines)

    def coloured(self, line, columns):
        text = demo_words.cut(line, columns)
        style = getattr(line, 'style', '') if self.has_colour else ''
        return '\033[%sm%s\033[0m' % (style, text) if style else text

    def show(self, lines):
        if self.on_terminal:
            columns, rows = shutil.get_terminal_size()
            up = '\033[%dA' % self.lines_before if self.lines_before else ''
            lines = lines[:rows - 1]
            sys.stdout.write(up + ''.join('\033[2K%s\n' % self.coloured(line, columns) for line in lines) + '\033[J')
            self.lines_before = len(lines)
        else:
            sys.stdout.write('\n'.join(lines) + '\n\n')
        sys.stdout.flush()


class Demo:
    def __init__(self, arguments, processes):
        self.words = demo_words.words(arguments.lang)
        self.seconds, self.processes = arguments.seconds, processes
        programs = pathlib.Path(arguments.build).resolve() / 'src' / 'app'
        self.daemon, self.tool = str(programs / 'telefenced'), str(programs / 'telefence')
        self.folder, self.port = processes.folder, free_port()
        self.redis = os.path.join(self.folder, 'redis.sock')

    def open(self):
        data = HERE.parent / 'demo.d'
        config = (data / 'telefenced.yaml').read_text()
        for key, value in (('FOLDER', self.folder), ('DATA', data), ('PATTERNS', ROOT / 'patterns'), ('PORT', self.port),
                           ('LANGUAGE', 'zh-CN' if self.words.is_chinese else 'en')):
            config = config.replace('@%s@' % key, str(value))
        pathlib.Path(self.folder, 'telefenced.yaml').write_text(config)
        pathlib.Path(self.folder, 'records.json').touch()
        for name in ('access.fifo', 'core.fifo'):
            os.mkfifo(os.path.join(self.folder, name))
        self.processes.start('redis-server', 'redis-server', '--port', '0', '--unixsocket', self.redis, '--save', '',
                             '--appendonly', 'no', '--dir', self.folder)
        self.processes.wait('redis-server', lambda: os.path.exists(self.redis))
        self.processes.start('telefenced', self.daemon, 'run', '-c', os.path.join(self.folder, 'telefenced.yaml'))
        feed = [sys.executable, '-B', str(HERE / 'feeder.py')]
        for name in ('access', 'core'):
            feed += [str(data / (name + '.pcap')), os.path.join(self.folder, name + '.fifo')]
        self.processes.start('feeder', *feed, str(self.seconds + 30))
        self.processes.wait('telefenced', self.is_running)

    def is_running(self):
        try:
            return total(scrape(self.port), 'telefence_packets_received_total') > 0
        except OSError:
            return False

    def as_typed(self, program):
        """The program as a person would type it here."""
        return os.path.relpath(program) if pathlib.Path(program).is_relative_to(pathlib.Path.cwd()) else program

    def run(self):
        control = '%s status --socket %s' % (self.as_typed(self.tool), os.path.join(self.folder, 'sock'))
        records, table = Records(os.path.join(self.folder, 'records.json')), Table(self.words, (self.port, control), self.seconds)
        records.start()
        todo, done = pushes(), []
        every_s = min(PUSH_EVERY_S, self.seconds / (len(todo) + 1))
        begin, ticks = time.monotonic(), 0
        while time.monotonic() - begin < self.seconds:
            elapsed = time.monotonic() - begin
            table.draw(elapsed, self.metrics(done), records, done)
            if todo and elapsed >= every_s * (len(done) + 1) - 1:
                push = todo.pop(0)
                done.append(push)
                with records.lock:
                    records.waiting[push.kind] = push
                push.publish(self.tool, self.redis)
            ticks += 1
            time.sleep(max(0, begin + ticks - time.monotonic()))
            self.processes.check()
        return self.end(table, records, done)

    def metrics(self, list_of_pushes):
        metrics = scrape(self.port)
        for push in list_of_pushes:
            push.look_at(metrics)
        return metrics

    def settled(self, list_of_pushes):
        """Traffic still runs, and a worker in the middle of a burst has received packets that have no fate yet: a look between two bursts."""
        for _ in range(200):
            metrics = self.metrics(list_of_pushes)
            if total(metrics, 'telefence_packets_received_total') == total(metrics, 'telefence_packets_total'):
                break
            time.sleep(0.01)
        return metrics

    def end(self, table, records, done):
        table.next_plain_s = 0
        metrics = self.settled(done)
        table.draw(self.seconds, metrics, records, done)
        rows = table.figures(metrics)
        received, fates = total(metrics, 'telefence_packets_received_total'), total(metrics, 'telefence_packets_total')
        lost = total(metrics, 'telefence_packets_total', fate='dropped_transmit_full')
        print('\n' + self.words.summary(self.seconds, rows, (received, fates, lost), records.count, done))
        print(self.words.next(self.as_typed(self.daemon), self.as_typed(self.tool)))
        problems = [self.words.no_bite(push) for push in done if push.bit_ms is None]
        problems += [self.words.no_push] * (len(done) < 3) + [self.words.wrong_sum] * (received != fates)
        if problems:
            raise Trouble('; '.join(problems))
        return 0


def main():
    parser = argparse.ArgumentParser(prog='scripts/demo')
    parser.add_argument('build')
    parser.add_argument('--lang', choices=('en', 'zh'), default=demo_words.language_of(os.environ))
    parser.add_argument('--seconds', type=int, default=40)
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding='utf-8', errors='replace')
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    processes = Processes()
    try:
        demo = Demo(arguments, processes)
        demo.open()
        return demo.run()
    except KeyboardInterrupt:
        print('\n' + demo_words.words(arguments.lang).stopped)
        return 130
    except (Trouble, OSError) as trouble:
        # A part that ended is the reason why nothing answers any more.
        try:
            processes.check()
        except Trouble as reason:
            trouble = reason
        print('scripts/demo: %s' % trouble, file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.close()


if __name__ == '__main__':
    sys.exit(main())
