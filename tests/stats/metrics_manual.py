#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/metrics.md from what a running telefenced serves, and checks of the same.

metrics_manual.py TELEFENCED --write   writes the page anew (ninja metrics-manual)
metrics_manual.py TELEFENCED --check   the page is up to date, promtool is content with /metrics, and every metric that the
                                       shipped alerts name is there
The daemon runs on two net_null ports: no NIC, no hugepages, no root.
"""
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'metrics.md'
RULES = ROOT / 'config' / 'prometheus' / 'rules.yml'
START_LIMIT_S = 30

CONFIG = '''\
ports: [{{name: access, device: net_null0}}, {{name: core, device: net_null1}}]
wire: [[access, core]]
engine: {{hugepages: "off"}}
listen: {{web: "127.0.0.1:{port}", control: control.sock}}
policy: {{state_dir: "off", sample: {{names: true}}}}
redis: {{server: "unix:none.sock", receipts: {{server: "unix:none.sock"}}}}
'''

HEADING = '''\
# Metrics

What `/metrics` and `telefence status --json` show. Made from what a running telefenced serves (`ninja metrics-manual`); do not
edit. Label values come from fixed lists: no domain, number or text of a subscriber is ever a label.

| name | type | labels | meaning |
|---|---|---|---|
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def fetch(url, daemon):
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and daemon.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise SystemExit(f'telefenced did not serve {url}')


def served_metrics(telefenced):
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        config = pathlib.Path(folder, 'telefence.yaml')
        config.write_text(CONFIG.format(port=port))
        with open(pathlib.Path(folder, 'log'), 'w+') as log:
            daemon = subprocess.Popen([telefenced, 'run', '-c', str(config)], stdout=log, stderr=log)
            try:
                return fetch(f'http://127.0.0.1:{port}/metrics', daemon)
            except SystemExit:
                log.seek(0)
                print(log.read(), file=sys.stderr)
                raise
            finally:
                daemon.terminate()
                daemon.wait(timeout=30)


def families_of(text):
    """name -> [type, label names in order of appearance, help]"""
    families = {}
    for line in text.splitlines():
        if comment := re.match(r'# (HELP|TYPE) (\S+) (.*)', line):
            entry = families.setdefault(comment[2], ['', [], ''])
            entry[2 if comment[1] == 'HELP' else 0] = comment[3]
        elif sample := re.match(r'(\w+)\{(.*)\} ', line):
            for name in re.findall(r'(\w+)="', sample[2]):
                labels = families[sample[1]][1]
                if name not in labels:
                    labels.append(name)
    return families


def page_of(families):
    page = HEADING
    for name, (kind, labels, meaning) in sorted(families.items()):
        page += f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |\n"
    return page


def problems_of(text, families):
    problems = []
    if not PAGE.exists() or PAGE.read_text() != page_of(families):
        problems.append('docs/metrics.md is not up to date; write it anew: ninja -C BUILD metrics-manual')
    promtool = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True, check=False)
    if promtool.returncode != 0:
        problems.append('promtool check metrics: ' + promtool.stdout + promtool.stderr)
    for name in sorted(set(re.findall(r'\btelefence_\w+', RULES.read_text()))):
        if name not in families:
            problems.append(f'{RULES.name} names {name}, which is not served')
    return problems


def main():
    telefenced, what = sys.argv[1:]
    text = served_metrics(telefenced)
    families = families_of(text)
    if what == '--write':
        PAGE.write_text(page_of(families))
        return 0
    problems = problems_of(text, families)
    print(json.dumps(problems, indent=1) if problems else f'{len(families)} families: fine')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
