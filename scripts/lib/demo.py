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
        self.folder = tempfile.mkdtemp(prefix='telefence-demo-')
        self.started = []

    def start(self, name, *command):
        with open(os.path.join(self.folder, name + '.log'), 'wb') as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                       start_new_session=True, preexec_fn=die_with_parent, cwd=self.folder)
        self.started.append((name, process))
        return process

    def check(self):
        for name, process in self.started:
            if process.poll() is not None:
                text = pathlib.Path(self.folder, name + '.log').read_text(errors='replace').strip()[-1500:]
                raise Trouble('%s ended with code %d:\n%s' % (name, process.returncode, text))

    def wait(self, what, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.check()
            if time.monotonic() > end:
                raise Trouble('%s: not ready within %d s' % (what, seconds))
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
        self.file, self.newest, self.count = file, [], 0
        self.waiting = {}  # name of a push: (test of a record, event, [record])
        self.lock = threading.Lock()

    def run(self):
        rest = b''
        with open(self.file, 'rb') as source:
            while True:
                rest += source.read()
                *lines, rest = rest.split(b'\n')
                for line in lines:
                    self.take(json.loads(line))
                time.sleep(0.005)

    def take(self, record):
        with self.lock:
            self.count += 1
            self.newest = (self.newest + [record])[-6:]
            for push in list(self.waiting.values()):
                if push.bit_ms is None and push.is_mine(record):
                    push.bitten(record)


class Push:
    def __init__(self, kind, value, category, is_mine):
        self.kind, self.value, self.category, self.is_mine = kind, value, category, is_mine
        self.at = self.bit_ms = self.record = None

    def publish(self, tool, redis):
        self.at = time.time()
        done = subprocess.run([tool, 'push', 'add', self.kind, self.value, '--category', self.category, '--tier', '1',
                               '--redis', 'unix:' + redis], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise Trouble('telefence push: %s' % (done.stderr or done.stdout).strip())

    def bitten(self, record):
        stamp = datetime.strptime(record['timestamp'], '%Y-%m-%dT%H:%M:%S.%f%z').timestamp()
        # The packet's own time, unless the port gave it none of today.
        when = stamp if self.at <= stamp <= time.time() else time.time()
        self.bit_ms, self.record = (when - self.at) * 1000, record


def pushes():
    number = demo_traffic.PUSHED_NUMBER
    return [
        Push('domain', demo_traffic.PUSHED_DOMAIN, 'phishing', lambda record: record['telefence']['kind'] == 'domain' and
             record['telefence']['matched'] == demo_traffic.PUSHED_DOMAIN),
        # Numbers are masked in records; the two ends of this one are nobody else's in the demo.
        Push('number', number, 'spoofed-caller', lambda record: record['telefence']['kind'] == 'number' and
             record['call' if 'call' in record else 'sms']['from'].endswith(number[-4:])),
        Push('pattern', demo_traffic.PUSHED_PATTERN, 'romance-invest', lambda record: record['telefence']['kind'] == 'pattern' and
             record['telefence']['matched'] == demo_traffic.PUSHED_PATTERN)]


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


class Table:
    def __init__(self, words, port, seconds):
        self.words, self.port, self.seconds = words, port, seconds
        self.on_terminal = sys.stdout.isatty() and os.environ.get('TERM', 'dumb') != 'dumb'
        self.lines_before = 0
        self.last = None

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
        rate = (received - self.last[1]) / max(elapsed - self.last[0], 0.001) if self.last else 0
        self.last = (elapsed, received)
        lines = [words.headline % (min(elapsed, self.seconds), self.seconds),
                 words.address % self.port, words.columns]
        for channel in CHANNELS:
            lines.append(words.row(words.channels[channel], *rows[channel]))
        lines.append(words.packets % (received, rate))
        lines.append(words.newest)
        with records.lock:
            newest = list(reversed(records.newest))
        lines += [words.interception(record) for record in newest] or ['  -']
        lines += [words.push(push) for push in list_of_pushes if push.at]
        self.show(lines)

    def show(self, lines):
        if self.on_terminal:
            width = shutil.get_terminal_size().columns
            up = '\033[%dA' % self.lines_before if self.lines_before else ''
            sys.stdout.write(up + ''.join('\033[2K%s\n' % demo_words.cut(line, width) for line in lines) + '\033[J')
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

    def run(self):
        records, table = Records(os.path.join(self.folder, 'records.json')), Table(self.words, self.port, self.seconds)
        records.start()
        todo, done = pushes(), []
        begin, ticks = time.monotonic(), 0
        while time.monotonic() - begin < self.seconds:
            elapsed = time.monotonic() - begin
            table.draw(elapsed, scrape(self.port), records, done)
            if todo and elapsed >= PUSH_EVERY_S * (len(done) + 1) - 1:
                push = todo.pop(0)
                done.append(push)
                with records.lock:
                    records.waiting[push.kind] = push
                push.publish(self.tool, self.redis)
            ticks += 1
            time.sleep(max(0, begin + ticks - time.monotonic()))
            self.processes.check()
        metrics = scrape(self.port)
        table.draw(self.seconds, metrics, records, done)
        self.sum_up(metrics, table, done, records)
        return 0 if len(done) == 3 and all(push.bit_ms is not None for push in done) else 1

    def sum_up(self, metrics, table, done, records):
        rows = table.figures(metrics)
        received, fates = total(metrics, 'telefence_packets_received_total'), total(metrics, 'telefence_packets_total')
        lost = total(metrics, 'telefence_packets_total', fate='dropped_transmit_full')
        print('\n' + self.words.summary(received, rows, lost, fates, records.count, done, self.seconds))


def main():
    parser = argparse.ArgumentParser(prog='scripts/demo')
    parser.add_argument('build')
    parser.add_argument('--lang', choices=('en', 'zh'), default='zh' if os.environ.get('LC_ALL', os.environ.get('LANG', ''))
                        .startswith('zh') else 'en')
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
    except Trouble as trouble:
        print('scripts/demo: %s' % trouble, file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.close()


if __name__ == '__main__':
    sys.exit(main())
