# SPDX-License-Identifier: Apache-2.0
"""A mirror port with a port to respond by: copies of blocked look-ups and visits are answered there, with numbers that fit although the
messages themselves have gone on; messages are only recorded; the mirror port itself never sends."""
import os
import shutil
import subprocess
import tempfile

from support import CLIENT, SERVER, connection, messages, packets, query, same, sip, true

LINKS = 'mirror: [access]\nrespond: core'
OWN = bytes.fromhex('027063617001')  # of the second net_pcap port
FRAUD = '刷单返利日结,加微信abc12345领取佣金'
HELLO, PAGE = messages.client_hello('pay.bad.example'), messages.http_get('bad.example')
LONG = messages.client_hello('pay.bad.example')


def dns_over_tcp(name):
    message = messages.dns_query(name)
    return len(message).to_bytes(2, 'big') + message


def spread(port, here=1000, there=5000):
    opening = connection(port, 443, LONG[:50], here, there)
    rest = packets.tcp_frame(CLIENT, port, SERVER, 443, LONG[50:], seq=here + 1 + 50, ack=there + 1)
    return opening + [rest]


def send():
    access = [query('worse.example', 4000), query('worse.example', 4001, vlans=(9,)), query('fine.example', 4002),
              query('dropped.example', 4003)]
    access += connection(4004, 80, PAGE) + connection(4005, 443, HELLO) + spread(4006)
    access += connection(4007, 53, dns_over_tcp('worse.example')) + connection(4008, 443, messages.client_hello('fine.example'))
    access += [packets.tcp_frame(CLIENT, 4009, SERVER, 2775, messages.smpp_submit(1, '1069', '8613800138000', FRAUD)),
               sip(messages.sip_request('INVITE', '+8617000000001', '+8613800138000', 'bad1'))]
    return {'access': access, 'core': []}


def is_readable(frames):
    true(shutil.which('tshark'), 'tshark is missing: scripts/setup installs it')
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'made.pcap')
        packets.write_pcap(file, [frame.raw for frame in frames])
        checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE']
        bad = subprocess.run(['tshark', '-r', file, *checks, '-Y', 'ip.checksum.status==0 || udp.checksum.status==0 || '
                              'tcp.checksum.status==0 || _ws.malformed'], capture_output=True, text=True, check=True).stdout
        same(bad, '', 'frames that tshark does not like')
        names = subprocess.run(['tshark', '-r', file, '-T', 'fields', '-e', 'dns.flags.rcode', '-e', 'http.response.code'],
                               capture_output=True, text=True, check=True).stdout
    same([line.strip() for line in names.splitlines() if line.strip()], ['3', '3', '451', '3'], 'what tshark reads')


def expect(seen):
    same(seen.back, [], 'frames that left by the mirror port')
    made = seen.onward
    same(len(made), 2 + 2 + 2 + 2 + 2, 'answers')
    is_readable(made)
    for frame in made:
        same(frame.raw[6:12], OWN, 'source MAC address')
        to_client = frame.destination == CLIENT
        same(frame.raw[:6], packets.ACCESS_MAC if to_client else packets.CORE_MAC, 'destination MAC address')
    same([frame.raw[12:16] for frame in made[:2]], [b'\x08\x00\x45\x00', b'\x81\x00\x00\x09'], 'tags are those of the copy')
    for port, payload in ((4004, PAGE), (4005, HELLO), (4006, LONG), (4007, dns_over_tcp('worse.example'))):
        back = [frame for frame in made if frame.dport == port]
        onward = [frame for frame in made if frame.sport == port]
        same((len(back), len(onward)), (1, 1), 'frames to each end')
        same((back[0].seq, back[0].ack), (5001, 1001 + len(payload)), 'numbers to the client')
        same((onward[0].seq, onward[0].flags & packets.RST != 0), (1001 + len(payload), True), 'reset to the server, behind the message')
        true(bool(back[0].flags & packets.RST) == (port in (4005, 4006)), 'a page has no reset')
    same((seen.fate('mirror_answered'), seen.fate('mirror_released')), (6, len(seen.sent['access']) - 6), 'fates')
    told = {(record['telefence']['channel'], record['telefence']['fate'], record['alert']['action']) for record in seen.records}
    same(told, {('dns', 'mirror_answered', 'blocked'), ('dns', 'mirror_released', 'allowed'), ('web', 'mirror_answered', 'blocked'), ('sms', 'mirror_released', 'allowed'),
                ('call', 'mirror_released', 'allowed')}, 'records')
