# SPDX-License-Identifier: Apache-2.0
"""A running telefenced without ports, as a feed's edge, for tests with real Redis servers."""
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.request

import program

CONFIG = '''
version: 1
mode: enforce
node: {id: %(name)s}
ports: [{name: access, device: "net_null0,no-rx=1"}, {name: core, device: "net_null1,no-rx=1"}]
wire: [[access, core]]
engine: {hugepages: "off"}
listen: {web: "127.0.0.1:0", control: %(name)s.sock}
policy: {state_dir: %(name)s.state%(policy)s}
redis:
%(redis)s
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def until(test, condition, what, seconds=30):
    """Returns how long it took."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if condition():
            return time.monotonic() - begin
        time.sleep(0.01)
    test.fail('%s did not happen' % (what() if callable(what) else what))


class Edge:
    def __init__(self, test, name, redis, policy='', config=CONFIG, wrapped=()):
        self.test, self.name = test, name
        self.program = wrapped or [os.path.join(program.BUILD, 'src', 'app', 'telefenced')]
        self.file = test.write(name + '.yaml', config % {'name': name, 'redis': redis, 'policy': policy})
        self.log_file = open(test.path(name + '.log'), 'a')
        test.addCleanup(self.log_file.close)
        test.addCleanup(self.stop)
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([*self.program, 'run', '-c', self.file, '--json'],
                                        stdout=subprocess.PIPE, stderr=self.log_file, text=True, cwd=self.test.folder)
        line = self.process.stdout.readline()
        self.test.assertTrue(line, self.log())
        self.web = json.loads(line)['metrics'].removesuffix('/metrics')

    def stop(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def log(self):
        return pathlib.Path(self.test.path(self.name + '.log')).read_text()

    def status(self):
        return json.loads(self.test.expect(self.test.tool('status', '--json', '--socket', self.name + '.sock'), 0).stdout)

    def feed(self):
        return self.status()['feed']

    def blocks(self, kind, value):
        done = self.test.tool('test', kind, value, '--socket', self.name + '.sock')
        self.test.assertIn(done.returncode, (0, 10), done.stderr)
        return done.returncode == 10

    def metric(self, name):
        text = urllib.request.urlopen(self.web + '/metrics', timeout=10).read().decode()
        found = re.search('^%s (\\S+)$' % re.escape(name), text, re.MULTILINE)
        self.test.assertTrue(found, name)
        return float(found[1])

    def becomes(self, blocked, kind, value, seconds=30):
        return until(self.test, lambda: self.blocks(kind, value) == blocked,
                     lambda: '%s %s blocked: %s\n%s\n%s' % (kind, value, blocked, self.log(), self.feed()), seconds)
