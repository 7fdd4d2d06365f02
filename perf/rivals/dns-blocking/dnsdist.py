# SPDX-License-Identifier: Apache-2.0
"""dnsdist with the names in memory (SuffixMatchNode) or in a file (CDB), and without names behind telefenced."""
import base64
import os
import time

from measuring import ADDRESS, PATIENCE, SERVER, listed, measure, memory, run, wire

CONSOLE = '''controlSocket('127.0.0.1:5199')
setKey('%s')
'''
CONFIG = '''setLocal('%s:53')
setACL('0.0.0.0/0')
setSecurityPollSuffix('')
%s
addAction(AllRule(), SpoofAction('%s'))
'''
LOAD = '''names = newSuffixMatchNode()
for line in io.lines('%s') do names:add(newDNSName(line)) end
addAction(SuffixMatchNodeRule(names), RCodeAction(DNSRCode.NXDOMAIN), {name='first'})'''
LOAD_AGAIN = '''names = newSuffixMatchNode()
for line in io.lines('%s') do names:add(newDNSName(line)) end
addAction(SuffixMatchNodeRule(names), RCodeAction(DNSRCode.NXDOMAIN), {name='third'}) mvRuleToTop() rmRule('second')'''
# A rule takes a copy of its names when it is made, so that a name added to `names` later blocks nothing by itself.
AGAIN = '''names:add(newDNSName('%s'))
addAction(SuffixMatchNodeRule(names), RCodeAction(DNSRCode.NXDOMAIN), {name='second'}) mvRuleToTop() rmRule('first')'''
BESIDE = '''addAction('%s', RCodeAction(DNSRCode.NXDOMAIN)) mvRuleToTop()'''
CDB = '''local names = newCDBKVStore('%s', 1)
addAction(KeyValueStoreLookupRule(names, KeyValueLookupKeySuffix(2, true)), RCodeAction(DNSRCode.NXDOMAIN))'''


def command(bench, name, rules):
    config = bench.line.write(name + '.conf', CONFIG % (SERVER, rules, ADDRESS))
    return 'dnsdist', '--supervised', '--disable-syslog', '-C', config


def start(bench, name, rules):
    return bench.start(bench.line.server, name, *command(bench, name, rules))


def empty(bench):
    process, began = start(bench, 'empty', '')
    bench.wait_answer(process, began, 'empty.log', 'www.example.org', 'NOERROR')
    return process


def empty_memory(bench):
    process = empty(bench)
    used = memory(process)
    bench.end(process)
    return used


def without_names(bench, row):
    process = empty(bench)
    row.update({'server': 'dnsdist, no names', 'names': 0, 'memory': memory(process)})
    qps = sorted(bench.load(bench.options.seconds)['qps'] for _ in range(bench.options.runs))
    row['qps'] = round(qps[len(qps) // 2])
    bench.end(process)
    return row


def suffix(bench, row):
    row['server'] = 'dnsdist, SuffixMatchNode'
    without = empty_memory(bench)
    console = CONSOLE % base64.b64encode(os.urandom(32)).decode()
    process, began = start(bench, 'suffix', console + LOAD % bench.list)
    row.update(measure(bench, row['server'], process, began, 'suffix.log', without))
    config = bench.line.write('console.conf', console)

    def say_to(lua):
        # Its exit code says nothing of an error in the Lua; what it prints does.
        done = bench.line.at(bench.line.server, 'dnsdist', '-C', config, '-e', lua, timeout=PATIENCE + 30, check=True)
        if 'rror' in done.stdout + done.stderr:
            raise RuntimeError(done.stdout + done.stderr)

    def change(key, name, lua, way):
        row[key] = bench.change(process, 'suffix.log', name, lambda: say_to(lua), way)

    change('one_added_beside', 'beside.example', BESIDE % 'beside.example',
           'console: a rule of its own for this name; every query is then compared with one rule more')
    change('one_added', 'new.example', AGAIN % 'new.example',
           'console: names:add, and the rule made anew with it (a rule copies its names)')
    # The lines of Lua that are executed at start; the old rule holds until the new one is there.
    with open(bench.list + '.more', 'w', encoding='ascii') as out, open(bench.list, encoding='ascii') as source:
        for text in source:
            out.write(text)
        out.write('again.example\n')
    change('reload', 'again.example', LOAD_AGAIN % (bench.list + '.more'),
           'console: the file read into new names, and the rule made anew with them')
    bench.end(process)
    os.unlink(bench.list + '.more')
    return row


def cdb(bench, row):
    row['server'] = 'dnsdist, CDB'
    without = empty_memory(bench)
    text, file = bench.line.path('names.cdb.txt'), bench.line.path('names.cdb')

    def record(name):
        key = wire(name)
        return b'+%d,1:%s->1\n' % (len(key), key)

    def make():
        run('cdb', '-c', '-t', file + '.new', file + '.made', text, timeout=PATIENCE)
        os.rename(file + '.made', file)

    began = time.monotonic()
    with open(text, 'wb') as out:
        for i in range(bench.names):
            out.write(record(listed(i)))
        out.write(b'\n')
    row['file_written_by_python_s'] = round(time.monotonic() - began, 2)
    began = time.monotonic()
    make()
    row['file_made_s'] = round(time.monotonic() - began, 2)
    process, began = start(bench, 'cdb', CDB % file)
    row.update(measure(bench, row['server'], process, began, 'cdb.log', without))
    with open(text, 'r+b') as out:
        out.seek(-1, os.SEEK_END)
        out.write(record('new.example') + b'\n')
    row['one_added'] = bench.change(process, 'cdb.log', 'new.example', make,
                                    'the file made anew with cdb from text that has the name, renamed into place; '
                                    'dnsdist looks each second; it is the reload as well')
    bench.end(process)
    os.unlink(text)
    return row
