# SPDX-License-Identifier: Apache-2.0
"""Runs one scenario, or all: the whole daemon, packets in and out through net_pcap ports, without NIC, root or hugepages.

Usage: run.py BUILD_DIR [SCENARIO...]      BUILD_DIR has src/app/telefenced and src/app/telefence

A scenario is a folder with scenario.yaml (the configuration, without ports) and make.py: send() gives the frames of both ports,
expect(seen) asserts on what came out; with WORKERS = 2, frames come to the workers in turn. Checked besides in every scenario: each packet in has exactly one fate, every frame the
daemon made has right lengths and checksums, the daemon ends with code 0 and leaves no file behind.
"""
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import support  # noqa: E402

PORTS = '''
ports:
  - {name: access, device: "net_pcap0,%(access)s", checksums: %(checksums)s}
  - {name: core, device: "net_pcap1,%(core)s", checksums: %(checksums)s}
%(links)s
engine: {hugepages: "off"%(engine)s}
records: {file: "%(folder)s/records.json", evasions: 1000}
listen: {web: "off", control: "%(folder)s/control.sock"}
'''
WIRE = 'wire: [[access, core]]'  # a make.py may give other LINKS


class Daemon:
    def __init__(self, build, folder):
        self.folder = folder
        self.tool = os.path.join(build, 'src', 'app', 'telefence')
        self.socket = os.path.join(folder, 'control.sock')
        with open(os.path.join(folder, 'log'), 'wb') as log:
            self.process = subprocess.Popen([os.path.join(build, 'src', 'app', 'telefenced'), 'run', '-c',
                                             os.path.join(folder, 'telefenced.yaml')],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder)

    def log(self):
        return pathlib.Path(self.folder, 'log').read_text(errors='replace')[-4000:]

    def status(self):
        done = subprocess.run([self.tool, 'status', '--json', '--socket', self.socket], capture_output=True, text=True,
                              timeout=20, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait_for(self, packets, seconds=30):
        """The status once that many packets have been received."""
        end = time.monotonic() + seconds
        status = None
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError('telefenced ended with code %d:\n%s' % (self.process.returncode, self.log()))
            status = self.status()
            # A burst is counted in before its fates are.
            if status and sum(status['packets']['fates'].values()) >= packets:
                return status
            time.sleep(0.02)
        raise AssertionError('%d packets were not received within %d s; status: %s\n%s' % (packets, seconds, status, self.log()))

    def stop(self):
        self.process.terminate()
        code = self.process.wait(20)
        if code != 0:
            raise AssertionError('telefenced ended with code %d:\n%s' % (code, self.log()))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def load(scenario):
    sys.modules.pop('make', None)
    spec = importlib.util.spec_from_file_location('make', scenario / 'make.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_always(seen, status):
    sent = sum(len(frames) for frames in seen.sent.values())
    support.same(status['packets']['received'], sent, 'packets received')
    support.same(sum(seen.fates.values()), sent, 'sum of all fates %s' % seen.fates)
    for frame in seen.made_back + seen.made_onward:
        # What is forwarded as it came may be broken; what the daemon made or changed may not.
        changed_storm = frame.protocol is None
        if not changed_storm:
            support.same(frame.problems, [], 'lengths and checksums of a frame the daemon made')


def queue_files(folder, port, count):
    """Where the frames of a port come from and go to, a file for each queue."""
    return [(os.path.join(folder, '%s%d.pcap' % (port, i)), os.path.join(folder, '%s%d-out.pcap' % (port, i))) for i in range(count)]


def two_cores():
    """As the daemon may use; where there is one only, both workers share it."""
    cores = sorted(os.sched_getaffinity(0))
    return '%d,%d' % (cores[0], cores[min(1, len(cores) - 1)])


def play(scenario, build):
    make = load(scenario)
    sent = make.send()
    workers = getattr(make, 'WORKERS', 1)
    folder = tempfile.mkdtemp(prefix='telefence-scenario-')
    daemon = None
    try:
        places = {'folder': folder, 'engine': '' if workers == 1 else ', workers: "%s"' % two_cores()}
        for port in ('access', 'core'):
            files = queue_files(folder, port, workers)
            for i, (file, _) in enumerate(files):
                support.packets.write_pcap(file, sent[port][i::workers])
            places[port] = ','.join(['rx_pcap=' + file for file, _ in files] + ['tx_pcap=' + file for _, file in files])
        config = (scenario / 'scenario.yaml').read_text().replace('@LISTS@', str(HERE / 'lists'))
        places.update(checksums='strict', links=getattr(make, 'LINKS', WIRE))
        pathlib.Path(folder, 'telefenced.yaml').write_text(config + PORTS % places)
        daemon = Daemon(build, folder)
        status = daemon.wait_for(sum(len(frames) for frames in sent.values()))
        daemon.stop()
        left = {port: [frame for _, file in queue_files(folder, port, workers) for frame in support.packets.read_pcap(file)]
                for port in ('access', 'core')}
        records = [json.loads(line) for line in pathlib.Path(folder, 'records.json').read_text().splitlines()]
        seen = support.Seen(sent, left, records, status)
        check_always(seen, status)
        make.expect(seen)
        if os.path.exists(os.path.join(folder, 'control.sock')):
            raise AssertionError('the daemon left its control socket behind')
    finally:
        if daemon:
            daemon.kill()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    names = sys.argv[2:] or sorted(path.name for path in HERE.iterdir() if (path / 'make.py').exists())
    failed = 0
    for name in names:
        begin = time.monotonic()
        try:
            play(HERE / name, os.path.abspath(sys.argv[1]))
            print('ok      %-24s %.1f s' % (name, time.monotonic() - begin), flush=True)
        except Exception as error:  # one broken scenario must not hide the others
            failed += 1
            print('FAILED  %-24s %s' % (name, error), flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc()
    print('%d passed, %d failed' % (len(names) - failed, failed))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
