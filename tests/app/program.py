# SPDX-License-Identifier: Apache-2.0
"""What the tests of the two programs share: running them, and a capture with one message of each protocol."""
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'scripts' / 'lib'))
import messages  # noqa: E402
import packets  # noqa: E402

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''
CLIENT, SERVER = '192.0.2.1', '198.51.100.9'
FRAUD = '请把钱转到安全账户'


class ProgramTest(unittest.TestCase):
    """A folder of its own for each test; files are named relative to it."""

    def setUp(self):
        self.holder = tempfile.TemporaryDirectory(prefix='telefence-app-')
        self.addCleanup(self.holder.cleanup)
        self.folder = self.holder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        pathlib.Path(self.path(name)).write_text(text)
        return self.path(name)

    def run_program(self, program, *arguments, **environment):
        env = {**os.environ, 'LANG': 'C.UTF-8', **environment}
        env.pop('LC_ALL', None)
        return subprocess.run([os.path.join(BUILD, 'src', 'app', program), *arguments], capture_output=True, text=True,
                              timeout=60, check=False, cwd=self.folder, env=env)

    def daemon(self, *arguments, **environment):
        return self.run_program('telefenced', *arguments, **environment)

    def tool(self, *arguments, **environment):
        return self.run_program('telefence', *arguments, **environment)

    def expect(self, done, code):
        self.assertEqual(done.returncode, code, 'stdout:\n%s\nstderr:\n%s' % (done.stdout, done.stderr))
        return done

    def policy(self, mode='enforce', more=''):
        """A configuration with a list of each kind; its path."""
        self.write('domains.txt', '# fraud\nbad.example\n')
        self.write('allow.txt', 'good.bad.example\n')
        self.write('numbers.txt', '+86170*\n')
        return self.write('policy.yaml', '''
version: 1
mode: %s
policy:
  lists:
    - {file: domains.txt, kind: domain, category: phishing, tier: 1}
    - {file: allow.txt, kind: domain, allow: true}
    - {file: numbers.txt, kind: number, category: spoofed-caller, tier: 1}
%s''' % (mode, more))

    def capture(self, name='in.pcap'):
        """DNS, HTTP, TLS, SMPP and SIP; the TCP request is retransmitted."""
        get = packets.tcp_frame(CLIENT, 40001, SERVER, 80, messages.http_get('www.bad.example', '/pay'))
        frames = [
            packets.udp_frame(CLIENT, 40000, SERVER, 53, messages.dns_query('WWW.Bad.example')),
            packets.udp_frame(CLIENT, 40000, SERVER, 53, messages.dns_query('www.good.bad.example', identification=7)),
            get,
            get,
            packets.tcp_frame(CLIENT, 40002, SERVER, 443, messages.client_hello('fine.example')),
            packets.tcp_frame(CLIENT, 40003, SERVER, 2775,
                              messages.smpp_submit(1, '10690001', '13800138000', FRAUD)),
            packets.udp_frame(CLIENT, 5060, SERVER, 5060,
                              messages.sip_request('INVITE', '+8617012345678', '+8613800138000', 'call-1')),
            packets.ethernet(bytes(46), kind=0x88cc),
        ]
        packets.write_pcap(self.path(name), frames)
        return len(frames)


def hang_thread(thread):
    """Stops one thread, as if it hung (ptrace(2): seize, interrupt). Returns what lets it go on; OSError where that is not allowed."""
    seize, interrupt, detach, wall = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)

    def trace(request):
        if libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread), None, None) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    trace(seize)
    trace(interrupt)
    os.waitpid(thread, wall)
    return lambda: trace(detach)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def main():
    unittest.main(argv=sys.argv[:1] + sys.argv[1:], verbosity=2)
