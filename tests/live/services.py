# SPDX-License-Identifier: Apache-2.0
"""The real servers behind the daemon: unbound, nginx, sipp and an SMS centre. Each needs a Line and runs in its server namespace."""
import json
import os
import random
import re

import netns

HERE = os.path.dirname(os.path.abspath(__file__))
NPM = os.path.join(HERE, 'node_modules', 'smpp')
LARGE_BYTES = 8 * 1024 * 1024


def unbound(line, names):
    """Answers 192.0.2.10 / 2001:db8::10 for each name and all below it, and nothing else."""
    zones = ''.join('  local-zone: "%s." redirect\n  local-data: "%s. 60 IN A 192.0.2.10"\n'
                    '  local-data: "%s. 60 IN AAAA 2001:db8::10"\n' % (name, name, name) for name in names)
    config = line.write('unbound.conf', '''server:
  interface: %s
  interface: %s
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "%s"
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
  log-queries: yes
  verbosity: 1
  incoming-num-tcp: 200
%sremote-control:
  control-enable: no
''' % (netns.SERVER, netns.SERVER6, line.folder, zones))
    process = line.start(line.server, 'unbound', 'unbound', '-d', '-p', '-c', config)
    line.wait('unbound', lambda: 'start of service' in line.read('unbound.log'))
    return process


def nginx(line):
    """http and https (self-signed): every path answers "page of <host>", /large a file of that name. access.log has
    "<scheme> <host> <path> <status>"."""
    with open(line.path('large'), 'wb') as out:
        out.write(random.Random(1).randbytes(LARGE_BYTES))
    netns.run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=server.example',
              '-keyout', line.path('key.pem'), '-out', line.path('cert.pem'))
    config = line.write('nginx.conf', '''daemon off;
master_process off;
user root;
pid %(folder)s/nginx.pid;
error_log %(folder)s/nginx-error.log warn;
events { worker_connections 64; }
http {
  log_format plain '$scheme $host $request_uri $status';
  access_log %(folder)s/access.log plain;
  client_body_temp_path %(folder)s/t1; proxy_temp_path %(folder)s/t2; fastcgi_temp_path %(folder)s/t3;
  uwsgi_temp_path %(folder)s/t4; scgi_temp_path %(folder)s/t5;
  default_type text/plain;
  server {
    listen %(server)s:80;
    listen %(server)s:443 ssl;
    ssl_certificate %(folder)s/cert.pem;
    ssl_certificate_key %(folder)s/key.pem;
    location / { return 200 "page of $host\\n"; }
    location = /large { alias %(folder)s/large; }
  }
}
''' % {'folder': line.folder, 'server': netns.SERVER})
    process = line.start(line.server, 'nginx', 'nginx', '-e', line.path('nginx-error.log'), '-c', config)
    line.wait('nginx', lambda: ':80 ' in line.at(line.server, 'ss', '-Hltn').stdout)
    return process


def sipp_server(line):
    """Takes every call (the scenario `uas` of sipp itself). Its messages stand in sipp.messages."""
    line.start(line.server, 'sipp', 'sipp', '-sn', 'uas', '-i', netns.SERVER, '-p', '5060', '-nostdin', '-trace_msg',
               '-message_file', line.path('sipp.messages'))
    line.wait('sipp', lambda: ':5060 ' in line.at(line.server, 'ss', '-Hlun').stdout)


def sms_centre(line):
    if not os.path.isdir(NPM):
        raise netns.NotPossible('the live test needs the npm package smpp in tests/live/node_modules: scripts/setup installs it')
    process = line.start(line.server, 'smsc', 'node', os.path.join(HERE, 'smpp_server.js'), netns.SERVER, '2775', line.path('smsc.jsonl'))
    line.wait('SMS centre', lambda: 'ready' in line.read('smsc.log'))
    return process


def stream_messages(line, messages, sessions, seconds):
    """Many SMPP sessions at once. Returns what smpp_streams.js says."""
    file = line.write('messages.jsonl', ''.join(json.dumps(message, ensure_ascii=False) + '\n' for message in messages))
    done = line.at(line.client, 'timeout', str(seconds), 'node', os.path.join(HERE, 'smpp_streams.js'), netns.SERVER, '2775', str(sessions),
                   file, timeout=seconds + 20)
    if not done.stdout.strip():
        raise RuntimeError('smpp_streams.js said nothing: %s' % done.stderr)
    return json.loads(done.stdout)


def delivered(line):
    return [json.loads(text) for text in line.read('smsc.jsonl').splitlines()]


def send_messages(line, messages):
    """One SMPP session. Returns what smpp_client.js says."""
    file = line.write('messages.json', json.dumps(messages))
    done = line.at(line.client, 'node', os.path.join(HERE, 'smpp_client.js'), netns.SERVER, '2775', file, timeout=90)
    if not done.stdout.strip():
        raise RuntimeError('smpp_client.js said nothing: %s' % done.stderr)
    return json.loads(done.stdout)


def dig(line, name, *more, server=netns.SERVER):
    """(status, short answers, whole text)"""
    done = line.at(line.client, 'dig', '@' + server, name, '+tries=1', '+time=2', *more)
    status, answers, inside = 'TIMEOUT', [], False
    for text in done.stdout.splitlines():
        if 'status: ' in text:
            status = text.split('status: ')[1].split(',')[0]
        inside = inside and text != '' or text.startswith(';; ANSWER SECTION')
        if inside and not text.startswith(';'):
            answers.append(text.split()[-1])
    return status, answers, done.stdout


def answered_of(line, names):
    """How many of these names dig gets an address for, in one run over one socket after the other."""
    file = line.write('names', ''.join('@%s %s +tries=1 +time=2\n' % (netns.SERVER, name) for name in names))
    done = line.at(line.client, 'dig', '+noall', '+answer', '-f', file, timeout=120)
    return len(set(text.split()[0] for text in done.stdout.splitlines() if '192.0.2.10' in text))


def dig_many(line, names, *more):
    """{name: (status, first address)} of one run over all names, by TCP."""
    file = line.write('names', ''.join(name + '\n' for name in names))
    done = line.at(line.client, 'dig', '+tcp', '+tries=1', '+time=5', *more, '@' + netns.SERVER, '-f', file, timeout=600)
    found = {}
    for text in done.stdout.split('; <<>> DiG')[1:]:
        status, name = re.search(r'status: (\w+)', text), re.search(r'^;(\S+)\.\s+IN\s+A$', text, re.M)
        address = re.search(r'^[^;\s]\S*\s+\d+\s+IN\s+A\s+(\S+)$', text, re.M)
        if status and name:
            found[name[1]] = (status[1], address[1] if address else '')
    return found


def dig_says(text):
    """What matters of dig's output, on one line."""
    found = re.findall(r'status: \w+|EDE: [^\n]*', text)
    answers = re.findall(r'^[^;\s]\S*\s+\d+\s+IN\s+(.*)$', text, re.M)
    return '; '.join(' '.join(part.split()) for part in found + answers) or text.strip().splitlines()[-1]


def curl(line, url, *more):
    """(exit code, status, redirect target, body, what curl complains of)"""
    host = url.split('://')[1].split('/')[0]
    done = line.at(line.client, 'curl', '-sSk', '--max-time', '5', '--resolve', '%s:80:%s' % (host, netns.SERVER), '--resolve',
                   '%s:443:%s' % (host, netns.SERVER), '-w', '\n%{http_code} %{redirect_url}', *more, url)
    body, _, last = done.stdout.rpartition('\n')
    code, _, target = last.partition(' ')
    return done.returncode, int(code or 0), target, body, done.stderr.strip()


def curl_many(line, urls, at_once=8):
    """[(exit code, status, redirect target)] of each visit, every one by a curl of its own."""
    file = line.write('visits', ''.join(
        "-sk --max-time 20 --connect-to ::%s: -w '%%{exitcode} %%{http_code} %%{redirect_url}\\n' -o /dev/null %s\n" % (netns.SERVER, url)
        for url in urls))
    done = line.at(line.client, 'sh', '-c', 'xargs -P %d -L 1 curl < %s' % (at_once, file), timeout=600)
    return [(int(code), int(status), target) for code, status, target in
            (text.split(' ', 2) for text in done.stdout.splitlines() if text.count(' ') == 2)]


def downloads_whole(line, url, *more):
    """Whether /large arrives byte by byte as it is on the server."""
    file = line.path('downloaded')
    code = curl(line, url, '-o', file, *more)[0]
    with open(file, 'rb') as mine, open(line.path('large'), 'rb') as theirs:
        return code == 0 and mine.read() == theirs.read()


def padded(scenario, octets):
    """The scenario of sipp with so many octets more in each INVITE."""
    if not octets:
        return scenario
    longer, found = re.subn(r'^( *INVITE sip:.*\n)', r'\1      X-Padding: %s\n' % ('p' * octets), scenario, flags=re.M)
    if not found:
        raise RuntimeError('the scenario has no INVITE that could be made longer:\n' + scenario)
    return longer


def call(line, called, calls=1, padding=0):
    """Innocent calls with sipp's own caller. True when all came to their ordinary end."""
    own = netns.run('sipp', '-sd', 'uac', check=False).stdout
    scenario = line.write('uac-%d.xml' % padding, padded(own, padding))
    done = line.at(line.client, 'sipp', netns.SERVER + ':5060', '-sf', scenario, '-s', called, '-i', netns.CLIENT, '-m', str(calls),
                   '-r', '20', '-d', '50', '-nostdin', '-timeout', '15s', '-timeout_error')
    return done.returncode == 0


def refused_call(line, calling, called, code, calls=1, padding=0):
    """Calls that expect this refusal. (True when each got it, the status line that sipp read)"""
    with open(os.path.join(HERE, 'sipp_refused.xml'), encoding='utf-8') as source:
        scenario = line.write('refused-%d.xml' % code, padded(source.read().replace('@REFUSAL@', str(code)), padding))
    done = line.at(line.client, 'sipp', netns.SERVER + ':5060', '-sf', scenario, '-s', called, '-key', 'calling', calling,
                   '-i', netns.CLIENT, '-m', str(calls), '-r', '20', '-nostdin', '-timeout', '10s', '-timeout_error', '-trace_msg',
                   '-message_file', line.path('refused.messages'))
    status = re.search(r'^SIP/2.0 (?!100)\d+ .*$', line.read('refused.messages'), re.M)
    return done.returncode == 0, status[0].strip() if status else 'no answer'


def read_if_there(line, name):
    return line.read(name) if os.path.exists(line.path(name)) else ''


def sipp_tcp_server(line):
    """Takes calls and messages over TCP, and refuses unknown methods with 501. What it reads stands in sipp-tcp.messages."""
    process = line.start(line.server, 'sipp-tcp', 'sipp', '-t', 't1', '-sf', os.path.join(HERE, 'sip_tcp_server.xml'), '-i', netns.SERVER,
                         '-p', '5060', '-nostdin', '-trace_msg', '-message_file', line.path('sipp-tcp.messages'))
    line.wait('sipp', lambda: ':5060 ' in line.at(line.server, 'ss', '-Hltn').stdout)
    return process


def requests_over_tcp(line, requests, seconds):
    """(method, calling, called, text) each, all over one connection. Returns {called: status} and what sipp complains of."""
    file = line.write('requests.csv', 'SEQUENTIAL\n' + ''.join(';'.join(one) + '\n' for one in requests))
    done = line.at(line.client, 'sipp', '-t', 't1', netns.SERVER + ':5060', '-sf', os.path.join(HERE, 'sip_tcp_caller.xml'), '-inf', file,
                   '-i', netns.CLIENT, '-m', str(len(requests)), '-r', '50', '-nostdin', '-timeout', '%ds' % seconds, '-timeout_error',
                   '-trace_logs', '-log_file', line.path('requests.log'), '-trace_err', '-error_file', line.path('requests.errors'),
                   timeout=seconds + 20)
    seen = [text.split() for text in line.read('requests.log').splitlines()]
    return {one[2]: int(one[3]) for one in seen if len(one) == 4}, done.returncode, read_if_there(line, 'requests.errors')


def http3_server(line):
    """HTTP/3 by ngtcp2's server: /page, with the certificate that nginx has. Requires nginx(line) before."""
    os.makedirs(line.path('pages'), exist_ok=True)
    line.write('pages/page', 'a page over HTTP/3\n')
    process = line.start(line.server, 'http3', 'gtlsserver', '-q', '-d', line.path('pages'), netns.SERVER, '443', line.path('key.pem'),
                         line.path('cert.pem'))
    line.wait('gtlsserver', lambda: ':443 ' in line.at(line.server, 'ss', '-Hlun').stdout)
    return process


def http3_page(line, host, seconds=20):
    """Whether ngtcp2's client gets the page of this host over HTTP/3. The client names the host that it looked up, and no other: so the
    name stands in a hosts file that this one process sees (a namespace's processes have their own mounts)."""
    folder = line.path('http3-' + host)
    os.makedirs(folder)
    hosts = line.write('hosts-' + host, '%s %s\n' % (netns.SERVER, host))
    line.at(line.client, 'sh', '-c', 'mount --bind %s /etc/hosts && exec timeout %d gtlsclient -q --exit-on-all-streams-close --download=%s %s 443 '
            'https://%s/page' % (hosts, seconds, folder, host, host), timeout=seconds + 10)
    return read_if_there(line, os.path.join(folder, 'page')) == 'a page over HTTP/3\n'


def long_hello(line, host):
    """A TLS handshake whose ClientHello is longer than a segment: openssl with some 2,000 octets of ALPN. True when the server answered."""
    protocols = ','.join('protocol-%03d-of-nobody' % i for i in range(90)) + ',http/1.1'
    done = line.at(line.client, 'sh', '-c', 'timeout 10 openssl s_client -connect %s:443 -servername %s -alpn %s </dev/null' % (
        netns.SERVER, host, protocols), timeout=30)
    return 'BEGIN CERTIFICATE' in done.stdout
