#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Blocks the same names with dnsdist, unbound and telefenced, asks each the same, and writes what came of it as JSON.

    perf/rivals/dns-blocking/run.py --install            # Debian's packages
    perf/rivals/dns-blocking/run.py --names 1000000 --build build-perf > results.json
    perf/rivals/dns-blocking/run.py --only unbound --only dnsdist-cdb > some.json
    perf/rivals/dns-blocking/plot.py results.json docs/dns-blocking.svg

client -- (access, core) -- server, three network namespaces. A rival runs in `server` and answers itself; for its runs the middle
is the kernel's bridge. telefenced stands in the middle itself, and what it lets through is answered by a dnsdist without names.
Client on core 0, what is measured on core 1.
Innocent names are answered with an address, blocked ones with NXDOMAIN; the answers are checked.
"""
import argparse
import json
import os
import signal
import subprocess
import sys

import dnsdist
import fence
import unbound
from measuring import HITS, LATE, RATE, ROOT, Bench, GaveUp, run, say
from netns import Line

PACKAGES = ('dnsdist', 'unbound', 'dnsperf', 'tinycdb', 'redis-server')
PARTS = {'dnsdist-empty': dnsdist.without_names, 'dnsdist-suffix': dnsdist.suffix, 'dnsdist-cdb': dnsdist.cdb,
         'unbound-local-zone': unbound.local_zone, 'unbound-rpz': unbound.rpz, 'telefenced': fence.in_line}


def bridge(line, up):
    if up:
        run('ip', '-n', line.middle, 'link', 'add', 'br0', 'type', 'bridge')
        for device in ('access', 'core'):
            run('ip', '-n', line.middle, 'link', 'set', device, 'master', 'br0')
        run('ip', '-n', line.middle, 'link', 'set', 'br0', 'up')
    else:
        run('ip', '-n', line.middle, 'link', 'del', 'br0')


def measured(bench, name, part):
    """The part's row; where it fails, what there is of it by then, and why. The other parts go on."""
    row = {'server': name, 'names': bench.names}
    try:
        row = part(bench, row)
    except GaveUp as why:
        row['failed'] = str(why)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        row['broken'] = str(error)  # of the measurement, not of the server
    for _, process in list(bench.line.processes):
        bench.end(process)
    say('%s: %s' % (row['server'], row))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--install', action='store_true', help="install Debian's packages, and end")
    parser.add_argument('--names', type=int, default=7_529_000)
    parser.add_argument('--build', default=os.path.join(ROOT, 'build-perf'))
    parser.add_argument('--seconds', type=int, default=5, help='of a run')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--only', action='append', default=[], choices=('dnsdist', 'unbound', *PARTS), help='may be given more than once')
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    if options.install:
        return subprocess.call(['apt-get', 'install', '-y', '--no-install-recommends', *PACKAGES])
    parts = [name for name in PARTS if not options.only or any(name == one or name.startswith(one + '-') for one in options.only)]
    line = Line()
    results = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        line.open()
        bench = Bench(options, line)
        bridge(line, True)
        for name in parts:
            if name == 'telefenced':
                bridge(line, False)
            results.append(measured(bench, name, PARTS[name]))
    finally:
        line.close()
        print(json.dumps({'names': options.names, 'hits_percent': HITS, 'change_rate': RATE, 'lost_after_s': LATE,
                          'results': results}, indent=1), flush=True)
    return 1 if any('broken' in row for row in results) else 0


if __name__ == '__main__':
    sys.exit(main())
