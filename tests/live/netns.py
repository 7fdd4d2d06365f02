# SPDX-License-Identifier: Apache-2.0
"""Three network namespaces in a row: client -- (access, core) -- server. The daemon bridges the middle one; nothing else does.
With a Rough there is a bad network between the middle and each end: client -- rough0, rough1 -- (access, core) -- rough2, rough3 -- server.

Names carry the process id, so that runs do not meet. close() ends every process that was started here and removes the
namespaces (and with them the veth pairs) and the temporary folder; it is also called on Ctrl-C and on failure.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

CLIENT, SERVER = '10.77.0.1', '10.77.0.2'
CLIENT6, SERVER6 = 'fd77::1', 'fd77::2'
OUTER_CLIENT, OUTER_SERVER = '172.31.0.1', '172.31.0.2'  # of the tunnel that the others then lie in


class NotPossible(Exception):
    """This machine can't carry the test; the text is a sentence for people."""


def run(*command, check=True, timeout=30, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **more)
    if check and done.returncode:
        raise RuntimeError('%s: exit code %d\n%s%s' % (' '.join(command), done.returncode, done.stdout, done.stderr))
    return done


class Rough:
    """A bad network on both sides of the daemon (rough_link.cc): what each of its two links does to frames in either direction."""

    def __init__(self, program, seed=1, loss_percent=1, jitter_us=1000, reorder_percent=5):
        self.program, self.seed = program, seed
        self.loss_percent, self.jitter_us, self.reorder_percent = loss_percent, jitter_us, reorder_percent


class Namespaces:
    """Network namespaces, the processes in them and a folder for their files."""

    def __init__(self, *names):
        """The names are without the tag of this run; tagged() has it."""
        self.tag = 'tf%d' % os.getpid()
        self.names = [self.tagged(name) for name in names]
        self.processes = []
        self.folder = tempfile.mkdtemp(prefix='telefence-live-')
        os.chmod(self.folder, 0o755)

    def tagged(self, name):
        return self.tag + name

    def make(self):
        if os.geteuid() != 0:
            raise NotPossible('the live test needs root, since it makes network namespaces: run it as root or leave it out '
                              'with scripts/test --without live')
        for tool in ('ip', 'ethtool', 'tcpdump'):
            if not shutil.which(tool):
                raise NotPossible('the live test needs the program %s: scripts/setup installs it' % tool)
        try:
            for name in self.names:
                run('ip', 'netns', 'add', name)
        except RuntimeError as error:
            raise NotPossible('network namespaces cannot be made here (a container without CAP_SYS_ADMIN?): %s; leave the '
                              'test out with scripts/test --without live' % error) from error

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as out:
            out.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding='utf-8', errors='replace') as source:
            return source.read()

    def start(self, namespace, name, *command):
        """A process that goes on until close(); its output is in the file <name>.log."""
        with open(self.path(name + '.log'), 'wb') as log:
            process = subprocess.Popen(('ip', 'netns', 'exec', namespace) + command, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, start_new_session=True, cwd=self.folder)
        self.processes.append((name, process))
        return process

    def at(self, namespace, *command, timeout=30, check=False):
        """Runs a command to its end."""
        return run('ip', 'netns', 'exec', namespace, *command, timeout=timeout, check=check, stdin=subprocess.DEVNULL,
                   cwd=self.folder)

    def wait(self, what, condition, seconds=15, must=True):
        """must: it is a failure when it does not come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, process in self.processes:
                if process.poll() not in (None, 0):
                    raise RuntimeError('%s ended with code %d while waiting for %s:\n%s' %
                                       (name, process.returncode, what, self.read(name + '.log')[-3000:]))
            if condition():
                return
            time.sleep(0.05)
        if must:
            raise RuntimeError('%s: not within %d s' % (what, seconds))

    def stop(self, process, seconds=5):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes = [entry for entry in self.processes if entry[1] is not process]

    def close(self):
        for _, process in reversed(list(self.processes)):
            self.stop(process)
        for name in self.names:
            run('ip', 'netns', 'del', name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Line(Namespaces):
    """`tunnel`: None, or the kernel's vxlan or geneve, in which everything then passes the middle. `rough`: None, or a Rough.
    `more`: further namespaces, which are not connected to anything."""

    def __init__(self, tunnel=None, rough=None, more=()):
        self.tunnel, self.rough = tunnel, rough
        super().__init__('c', 'm', 's', *more)
        self.client, self.middle, self.server = self.names[:3]

    def open(self):
        self.make()
        self._wire('client0', self.client, 'rough0' if self.rough else 'access')
        self._wire('server0', self.server, 'rough3' if self.rough else 'core')
        if self.rough:
            self._wire('rough1', self.middle, 'access')
            self._wire('rough2', self.middle, 'core')
            self.start(self.middle, 'rough_link', self.rough.program, str(self.rough.seed), str(self.rough.loss_percent),
                       str(self.rough.jitter_us), str(self.rough.reorder_percent), 'rough0', 'rough1', 'rough2', 'rough3')
            self.wait('rough_link', lambda: 'ready' in self.read('rough_link.log'))
        if self.tunnel:
            self._tunnel(self.client, 'client0', OUTER_CLIENT, OUTER_SERVER)
            self._tunnel(self.server, 'server0', OUTER_SERVER, OUTER_CLIENT)
        for name, device, address, address6 in ((self.client, 'client0', CLIENT, CLIENT6),
                                                (self.server, 'server0', SERVER, SERVER6)):
            device = 'tunnel0' if self.tunnel else device
            run('ip', '-n', name, 'address', 'add', address + '/24', 'dev', device)
            run('ip', '-n', name, 'address', 'add', address6 + '/64', 'dev', device, 'nodad')

    def _wire(self, outer, namespace, inner):
        run('ip', '-n', self.middle, 'link', 'add', inner, 'type', 'veth', 'peer', 'name', outer, 'netns', namespace)
        # The middle has no addresses: only the daemon may carry packets.
        run('ip', 'netns', 'exec', self.middle, 'sh', '-c',
            'echo 1 > /proc/sys/net/ipv6/conf/%s/disable_ipv6' % inner, check=False)
        for name, device in ((self.middle, inner), (namespace, outer)):
            run('ip', '-n', name, 'link', 'set', 'lo', 'up')
            run('ip', '-n', name, 'link', 'set', device, 'up')
            # A veth end leaves checksums to hardware that is not there, and joins segments beyond the MTU; a filter in line
            # would carry both on, and the far end would throw them away.
            for feature in ('tx', 'rx', 'tso', 'gso', 'gro', 'txvlan', 'rxvlan'):
                run('ip', 'netns', 'exec', name, 'ethtool', '-K', device, feature, 'off', check=False)

    def _tunnel(self, namespace, device, here, there):
        run('ip', '-n', namespace, 'address', 'add', here + '/24', 'dev', device)
        more = ('local', here, 'dstport', '4789') if self.tunnel == 'vxlan' else ()
        try:
            run('ip', '-n', namespace, 'link', 'add', 'tunnel0', 'type', self.tunnel, 'id', '42', 'remote', there, *more)
        except RuntimeError as error:
            raise NotPossible('this kernel has no %s: %s' % (self.tunnel, error)) from error
        # An overlay leaves checksums and segmentation to the device below, too.
        for feature in ('tx', 'rx', 'tso', 'gso', 'gro'):
            run('ip', 'netns', 'exec', namespace, 'ethtool', '-K', 'tunnel0', feature, 'off', check=False)
        run('ip', '-n', namespace, 'link', 'set', 'tunnel0', 'up')

    def advertise_segments_of(self, namespace, device, address, most):
        """Whoever connects to this namespace sends it no segment with more bytes than this, so that messages are cut."""
        run('ip', '-n', namespace, 'route', 'replace', '10.77.0.0/24', 'dev', device, 'proto', 'kernel', 'scope', 'link', 'src', address,
            'advmss', str(most))
