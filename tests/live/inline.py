# SPDX-License-Identifier: Apache-2.0
"""The daemon in line between real clients and servers: every action shown, and everything else unharmed.

Usage: inline.py BUILD_DIR [vxlan|geneve]      Needs root. With a tunnel's name, all of it inside a tunnel of the kernel's own. scripts/demo-inline and the meson suite `live` run it; it ends with a line
"N passed, N failed" and exit code 0 only when nothing failed; 4 when this machine can't carry it (one sentence says why).
"""
import json
import os
import re
import sys
import time

import netns
import services
from report import Report, carry_out

ENFORCE = '''version: 1
node: {id: live}
mode: enforce
ports:
  - {name: access, device: access}
  - {name: core, device: core}
wire: [[access, core]]
engine: {hugepages: "off"}
policy:
  lists:
    - {file: "%(folder)s/block.txt", kind: domain, category: phishing, tier: 1}
    - {file: "%(folder)s/tag.txt", kind: domain, category: gambling, action: tag}
    - {file: "%(folder)s/drop.txt", kind: domain, category: gambling, action: drop}
    - {file: "%(folder)s/numbers.txt", kind: number, category: spoofed-caller, tier: 1}
  patterns: ["%(patterns)s"]
  tag_dscp: 8
  answers: {page_url: "https://warning.example/fraud", sinkhole_ipv4: "192.0.2.99", sinkhole_ipv6: "2001:db8::99"}
protocols:
  dns: {answer: %(dns)s}
  http: {answer: %(http)s}
  sip: {answer: "%(sip)s"}
records: {file: "%(folder)s/records.json"}
listen: {web: "127.0.0.1:9469", control: "%(folder)s/control.sock"}
'''
PICTURE = """
  dig curl sipp smpp          telefenced, in line             unbound nginx sipp SMS-centre
  client %s ------- access [ filter ] core ------- server %s

Each step is done by a real client against a real server. Below it stands (=>) what the client saw.
"""
FRAUD = '刷单返利日结,加微信abc12345领取佣金'
CALLER, CALLED = '+8617000000001', '+8617000000002'


class Inline:
    def __init__(self, line, build, report):
        self.line, self.build, self.report = line, build, report
        self.daemon = None
        self.patterns = os.path.join(services.HERE, '..', 'scenarios', 'lists', 'patterns.yaml')
        for name, values in (('block.txt', ['bad.example']), ('tag.txt', ['tagged.example']), ('drop.txt', ['dropped.example']),
                             ('numbers.txt', [CALLER, CALLED])):
            line.write(name, '\n'.join(values) + '\n')

    def start(self, dns='nxdomain', http='redirect', sip='603'):
        terms = {'folder': self.line.folder, 'dns': dns, 'http': http, 'sip': sip,
                 'patterns': self.patterns}
        config = self.line.write('telefenced.yaml', ENFORCE % terms)
        self.daemon = self.line.start(self.line.middle, 'telefenced', os.path.join(self.build, 'src', 'app', 'telefenced'), 'run',
                                      '-c', config)
        # Until the signatures are read packets pass unread: a look-up of then would be asked of a server that does not know the name.
        self.line.wait('telefenced', lambda: (self.status() or {}).get('ready'), 20)
        # Neighbour discovery and the like must be over before packets are counted on.
        self.line.wait('the way through telefenced', lambda: self.line.at(
            self.line.client, 'ping', '-c', '1', '-W', '1', netns.SERVER).returncode == 0)

    def status(self):
        done = self.line.at(self.line.middle, os.path.join(self.build, 'src', 'app', 'telefence'), 'status', '--json', '--socket',
                            self.line.path('control.sock'))
        return json.loads(done.stdout) if done.returncode == 0 else None

    def stop(self):
        """Ends the daemon; every packet that came in must have had exactly one fate."""
        time.sleep(0.2)
        status = self.status()
        packets = status['packets']
        total = sum(packets['fates'].values())
        self.report.check('every packet in has exactly one fate: %d in, %d fates' % (packets['received'], total),
                          packets['received'] == total and total > 0, packets)
        self.daemon.terminate()
        code = self.daemon.wait(10)
        self.report.check('telefenced ends with code 0', code == 0, code)
        self.line.processes = [entry for entry in self.line.processes if entry[1] is not self.daemon]

    def records(self):
        records = [json.loads(text) for text in self.line.read('records.json').splitlines()]
        return [record for record in records if record['event_type'] == 'alert']

    @staticmethod
    def in_words(record):
        what = record.get('dns', {}).get('rrname') or record.get('http', {}).get('hostname') or record.get('tls', {}).get('sni')
        numbers = record.get('sms') or record.get('call')
        return '%s  %-4s  %-15s  %-14s  %s' % (record['timestamp'][11:23], record['telefence']['channel'], record['telefence']['response'],
                                             record['alert']['category'], what or '%(from)s -> %(to)s' % numbers)

    def dns(self):
        line, check = self.line, self.report.check
        self.report.part('DNS: dig asks unbound through telefence')
        status, answers, text = services.dig(line, 'www.fine.example')
        check('dig www.fine.example: the true address', (status, answers) == ('NOERROR', ['192.0.2.10']), (status, answers),
              services.dig_says(text))
        for kind in ('A', 'AAAA', 'HTTPS'):
            status, answers, text = services.dig(line, 'WwW.bad.example', kind)
            check('dig WwW.bad.example %s: NXDOMAIN with extended error 16 (Censored)' % kind,
                  status == 'NXDOMAIN' and not answers and re.search(r'EDE: 16\b', text), text, services.dig_says(text))
        status, _, text = services.dig(line, 'www.bad.example', server=netns.SERVER6)
        check('dig www.bad.example over IPv6: NXDOMAIN', status == 'NXDOMAIN', text)
        count = services.answered_of(line, ['host%d.fine.example' % number for number in range(200)])
        check('200 look-ups of other names, one after the other: all answered', count == 200, count)
        check('unbound never heard of bad.example', 'bad.example' not in line.read('unbound.log').lower().replace('"bad', ''))

    def web(self):
        line, check = self.line, self.report.check
        self.report.part('Web: curl visits nginx through telefence')
        for scheme in ('http', 'https'):
            seen = services.curl(line, scheme + '://www.fine.example/x')
            check('curl %s://www.fine.example: 200' % scheme, seen[:2] == (0, 200) and 'page of www.fine.example' in seen[3], seen,
                  'HTTP %d: %s' % (seen[1], seen[3].strip()))
        seen = services.curl(line, 'http://www.bad.example/login')
        check('curl http://www.bad.example: 302 to the warning page', seen[:3] == (0, 302, 'https://warning.example/fraud'), seen,
              'HTTP %d, Location: %s' % seen[1:3])
        begin = time.monotonic()
        seen = services.curl(line, 'https://www.bad.example/login')
        check('curl https://www.bad.example: connection reset (curl exit code 35 or 56)', seen[0] in (35, 56), seen, seen[4])
        check('... at once, without a time-out', time.monotonic() - begin < 2)
        for scheme in ('http', 'https'):
            check('8 MiB from %s://www.fine.example: every byte as on the server' % scheme,
                  services.downloads_whole(line, scheme + '://www.fine.example/large'))
        check('nginx never answered a request for bad.example', 'bad.example' not in line.read('access.log'))

    def calls(self):
        line, check = self.line, self.report.check
        self.report.part('Calls: sipp calls sipp through telefence')
        check('5 innocent calls: complete', services.call(line, '+8613800138000', 5))
        for what, count, calling, called in (('5 calls from', 5, CALLER, '+8613800138000'), ('3 calls to', 3, '+8613900000000', CALLED)):
            refused, status = services.refused_call(line, calling, called, 603, count)
            check('%s a blocked number: 603, ACK sent' % what, refused, status, status)
        check('an innocent call afterwards: complete', services.call(line, '+8613800138000'))
        seen = line.read('sipp.messages')
        check('the called side saw neither these calls nor their ACKs', CALLER not in seen and CALLED not in seen)
        absorbed = self.status()['packets']['fates'].get('absorbed', 0)
        check('their 8 ACKs were absorbed', absorbed == 8, absorbed)

    def messages(self):
        line, check = self.line, self.report.check
        self.report.part('SMS: one SMPP session, 1000 innocent and 100 fraud messages')
        batch = [{'id': str(number), 'from': '10690001', 'to': '86138%08d' % number,
                  'text': FRAUD if number % 11 == 5 else '您的快递已到,取件码%d' % number} for number in range(1100)]
        bad = {entry['id'] for entry in batch if entry['text'] == FRAUD}
        result = services.send_messages(line, batch)
        arrived = services.delivered(line)
        statuses = result['statuses']
        check('the session lives to its ordinary end, and its link is answered',
              result['error'] == '' and result['linkAnswered'] and not result['closedEarly'], result['error'])
        check('every message is answered exactly once', all(len(statuses.get(entry['id'], [])) == 1 for entry in batch))
        check('each of the %d fraud messages is refused to its sender with status 0x45' % len(bad),
              len(bad) == 100 and all(statuses.get(number) == [0x45] for number in bad), '',
              'submit_sm_resp command_status 0x45 (submit failed), 100 times; the session goes on')
        good = [entry for entry in batch if entry['id'] not in bad]
        check('each of the %d innocent messages is answered ok' % len(good), all(statuses.get(entry['id']) == [0] for entry in good))
        texts = [entry['text'] for entry in arrived]
        check('... and delivered exactly once, as written', all(texts.count(entry['text']) == 1 for entry in good))
        check('... to the right recipient', {(entry['to'], entry['text']) for entry in good} <= {(one['to'], one['text']) for one in arrived})
        check('no fraud text was delivered', not any('刷单' in text or '微信' in text for text in texts))
        check('what was delivered in their place is blank and for nobody',
              all(one['text'].strip('\0 ') == '' and set(one['to']) <= {'0'} for one in arrived if one['text'] not in
                  {entry['text'] for entry in good}), arrived[5:6])

    def marks(self):
        line, check = self.line, self.report.check
        self.report.part('tag and drop: marked with DSCP 8 for equipment further on, or silently gone')
        watch = line.start(line.server, 'tcpdump', 'tcpdump', '-lnvi', 'tunnel0' if line.tunnel else 'server0', '-c', '20', 'udp', 'dst', 'port', '53')
        line.wait('tcpdump', lambda: 'listening on' in line.read('tcpdump.log'))
        status, answers, text = services.dig(line, 'www.tagged.example')
        check('dig www.tagged.example: answered', (status, answers) == ('NOERROR', ['192.0.2.10']), (status, answers),
              services.dig_says(text))
        status, _, text = services.dig(line, 'www.dropped.example')
        check('dig www.dropped.example: no answer at all', status == 'TIMEOUT', status, services.dig_says(text))
        services.dig(line, 'www.fine.example')
        line.wait('tcpdump', lambda: 'www.fine.example' in line.read('tcpdump.log'))
        seen = line.read('tcpdump.log')
        line.stop(watch)
        marked = dict((name, tos) for tos, name in re.findall(r'\(tos (0x\w+),(?:.|\n)*?\? (\S+)\. ', seen))
        check('tcpdump at the server: the tagged query has tos 0x20, the innocent one 0x0',
              (marked.get('www.tagged.example'), marked.get('www.fine.example')) == ('0x20', '0x0'), marked,
              'tos %s for www.tagged.example, %s for www.fine.example' % (marked.get('www.tagged.example'), marked.get('www.fine.example')))
        check('tcpdump at the server: the dropped one is not there', 'dropped.example' not in seen)
        check('tcpdump at the server: no bad checksum', 'bad' not in seen.lower().replace('bad.example', ''))

    def fragments(self):
        """What does not fit the MTU comes in IP fragments, and has to arrive in those fragments."""
        line, check = self.line, self.report.check
        self.report.part('IP fragments: ping with 3000 octets, INVITEs of 3000 octets over UDP')
        for version, server in (('IPv4', netns.SERVER), ('IPv6', netns.SERVER6)):
            done = line.at(line.client, 'ping', '-c', '5', '-i', '0.2', '-W', '2', '-s', '3000', server)
            told = re.search(r'\d+ packets transmitted.*', done.stdout)
            check('ping -s 3000 over %s: 5 of 5 come back' % version, ' 5 received' in done.stdout, done.stdout,
                  told[0] if told else '')
        check('5 innocent calls with INVITEs in fragments: complete', services.call(line, '+8613800138000', 5, padding=2500))
        before = line.read('sipp.messages').count('p' * 2500)
        check('... and seen whole by the called side', before >= 5, before)
        refused, status = services.refused_call(line, CALLER, '+8613800138000', 603, 5, padding=2500)
        check('5 calls from a blocked number with INVITEs in fragments: 603, ACK sent', refused, status, status)
        seen = line.read('sipp.messages')
        check('the called side saw nothing of them', CALLER not in seen and seen.count('p' * 2500) == before)
        lost = self.status()['packets']['fates'].get('lost', 0)
        check('no packet was too long for the port', self.too_long() == 0 and lost == 0, (self.too_long(), lost))

    def too_long(self):
        metrics = self.line.at(self.line.middle, 'curl', '-s', 'http://127.0.0.1:9469/metrics').stdout
        found = re.findall(r'^telefence_port_lost_total\{[^}]*reason="too_long"[^}]*\} (\S+)', metrics, re.M)
        return sum(float(text) for text in found) if found else 'not told'

    def others(self):
        line, check = self.line, self.report.check
        self.report.part('Other answers, by configuration: REFUSED, sinkhole, 451, 608')
        self.start(dns='refused', http='page', sip='608')
        status, _, text = services.dig(line, 'www.bad.example')
        check('dig www.bad.example: REFUSED', status == 'REFUSED', text, services.dig_says(text))
        seen = services.curl(line, 'http://www.bad.example/login')
        check('curl http://www.bad.example: 451 with the warning page', seen[:2] == (0, 451) and '<html' in seen[3].lower(), seen,
              'HTTP 451: ' + ' '.join(re.sub(r'<[^>]*>', ' ', seen[3]).split())[:70] + ' ...')
        refused, status = services.refused_call(line, CALLER, '+8613800138000', 608)
        check('a call from a blocked number: 608', refused, status, status)
        self.stop()
        self.start(dns='sinkhole')
        for kind, address in (('A', '192.0.2.99'), ('AAAA', '2001:db8::99')):
            _, answers, text = services.dig(line, 'www.bad.example', kind)
            check('dig www.bad.example %s: the sinkhole address' % kind, answers == [address], answers, services.dig_says(text))
        self.stop()

    def run(self):
        line, check = self.line, self.report.check
        self.start()
        self.dns()
        self.web()
        self.calls()
        self.messages()
        self.marks()
        self.fragments()
        self.report.part('The books')
        metrics = line.at(line.middle, 'curl', '-s', 'http://127.0.0.1:9469/metrics').stdout
        lint = netns.run('promtool', 'check', 'metrics', input=metrics, check=False)
        check('/metrics is clean by promtool', lint.returncode == 0 and 'telefence_packets_total' in metrics, lint.stdout + lint.stderr)
        records = self.records()
        channels = {record['telefence']['channel'] for record in records}
        check('interceptions of every channel are recorded: %d' % len(records), channels == {'dns', 'web', 'call', 'sms'}, channels,
              '\n'.join(self.in_words(record) for record in {record['telefence']['channel']: record for record in records}.values()))
        check('100 SMS among them', sum(record['telefence']['channel'] == 'sms' for record in records) == 100)
        told = {(record.get('tunnel', {}).get('kind'), record.get('tunnel', {}).get('id'), record.get('tunnel', {}).get('src_ip')) for record in records}
        check('each record tells the tunnel', told == {(line.tunnel, 42, netns.OUTER_CLIENT) if line.tunnel else (None, None, None)}, told)
        check('no full number stands in the records', CALLER not in str(records) and '8613800138' not in str(records))
        self.stop()
        self.others()


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ['vxlan'], ['geneve']):
        sys.exit(__doc__)
    line, report = netns.Line(*sys.argv[2:]), Report()

    def work():
        print(PICTURE % (netns.CLIENT, netns.SERVER), flush=True)
        services.unbound(line, ['fine.example', 'bad.example', 'tagged.example', 'dropped.example'])
        services.nginx(line)
        services.sipp_server(line)
        services.sms_centre(line)
        Inline(line, os.path.abspath(sys.argv[1]), report).run()
        if not report.failed:
            print('\nOn two ports of your own: docs/quickstart.md. What each answer is, and why: docs/protocols.md.')

    return carry_out(line, report, work)


if __name__ == '__main__':
    sys.exit(main())
