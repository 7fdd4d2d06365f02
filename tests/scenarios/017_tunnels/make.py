# SPDX-License-Identifier: Apache-2.0
"""Messages in GTP-U (4G, 5G, over IPv6), GRE, IP in IP, VXLAN, MPLS and PPPoE: refused and voided inside the tunnel, with answers
that lead back into it. A bearer whose other direction was never seen gets no answer, and nothing is forwarded. tshark reads what
was made."""
import os
import subprocess
import tempfile

import tunnels
from support import CLIENT, CLIENT6, SERVER, SERVER6, messages, packets, same, true

FRAUD = '刷单返利日结,加微信abc12345领取佣金'
BURST = 128  # frames that a worker takes from a port at once: the other port's are read before more of this one's
BAD = 'worse.example'


def wrap(kind, packet, to_core):
    """Both directions of one tunnel. In GTP-U and MPLS each has an id of its own."""
    if kind == 'gtp':
        return tunnels.gtp_u(packet, 0xa1 if to_core else 0xb1, to_core)
    if kind == 'gtp5g':
        return tunnels.gtp_u(packet, 0xa2 if to_core else 0xb2, to_core, flow=9)
    if kind == 'gtp6':
        return tunnels.gtp_u(packet, 0xa3 if to_core else 0xb3, to_core, v6=True)
    if kind == 'gtp-silent':
        return tunnels.gtp_u(packet, 0xa4 if to_core else 0xb4, to_core)
    if kind == 'mpls':
        return tunnels.mpls(packet, [16, 100] if to_core else [17, 18, 200], to_core)
    if kind == 'gre6':
        return tunnels.gre(packet, None, to_core, v6=True)
    return {'gre': lambda: tunnels.gre(packet, 7, to_core), 'vxlan': lambda: tunnels.vxlan(packet, 42, to_core),
            'ipip': lambda: tunnels.ip_in_ip(packet, to_core), 'pppoe': lambda: tunnels.pppoe(packet, 0x1234, to_core)}[kind]()


KINDS = ('gtp', 'gtp5g', 'gtp6', 'mpls', 'gre', 'gre6', 'vxlan', 'ipip', 'pppoe')
WAY_BACK = {'gtp': 0xb1, 'gtp5g': 0xb2, 'gtp6': 0xb3, 'mpls': 200, 'gre': 7, 'gre6': 0, 'vxlan': 42, 'ipip': 0, 'pppoe': 0x1234}
NAMES = {'gtp': 'gtp-u', 'gtp5g': 'gtp-u', 'gtp6': 'gtp-u', 'gre6': 'gre', 'ipip': 'ip-in-ip'}


def ends(kind):
    return (CLIENT6, SERVER6) if kind in ('gtp6', 'gre6') else (CLIENT, SERVER)


def udp(kind, port, payload, to_core=True):
    client, server = ends(kind)
    if to_core:
        return wrap(kind, packets.ip(client, server, packets.UDP, packets.udp(client, port, server, 53, payload)), True)
    return wrap(kind, packets.ip(server, client, packets.UDP, packets.udp(server, 53, client, port, payload)), False)


def tcp(kind, port, service, payload, seq=1001, ack=5001, to_core=True):
    client, server = ends(kind)
    if to_core:
        return wrap(kind, packets.ip(client, server, packets.TCP, packets.tcp(client, port, server, service, payload, seq, ack)), True)
    return wrap(kind, packets.ip(server, client, packets.TCP, packets.tcp(server, service, client, port, payload, seq, ack)), False)


def message(number, text):
    return messages.smpp_submit(number, '10690001', '8613800138001', text)


def send():
    numbers = list(enumerate(KINDS))
    # Innocent look-ups, and their responses, by which the ids of the other direction are learned.
    access = [udp(kind, 3000 + i, messages.dns_query('fine.example', identification=i)) for i, kind in numbers]
    core = [udp(kind, 3000 + i, messages.dns_query('fine.example', identification=i)[:2] + b'\x81' +
                messages.dns_query('fine.example')[3:], to_core=False) for i, kind in numbers]
    access += [udp('gtp', 3500 + i, messages.dns_query('fine.example')) for i in range(BURST - len(access))]
    for i, kind in numbers:
        access += [udp(kind, 4000 + i, messages.dns_query(BAD)), udp(kind, 4000 + i, messages.dns_query('tagged.example')),
                   tcp(kind, 4100 + i, 80, messages.http_get('bad.example')),
                   tcp(kind, 4200 + i, 2775, message(1, FRAUD)), udp(kind, 4000 + i, messages.dns_query('good.example'))]
    access += [udp('gtp-silent', 4900, messages.dns_query(BAD)), tcp('gtp-silent', 4901, 80, messages.http_get('bad.example'))]
    # The responses of the message centre come after the messages.
    core += [udp('gtp', 3500 + i, b'no DNS', to_core=False) for i in range(2 * BURST - len(core))]
    core += [tcp(kind, 4200 + i, 2775, messages.smpp_response(1), 5001, 1001, to_core=False) for i, kind in numbers]
    return {'access': access, 'core': core}


def expect(seen):
    count = len(KINDS)
    back = [tunnels.Inside(frame.raw) for frame in seen.made_back]
    onward = [tunnels.Inside(frame.raw) for frame in seen.made_onward]
    for inside in back + onward:
        same(inside.problems + inside.packet.problems, [], 'lengths and checksums in a tunnel %s' % inside.kind)
    same((seen.fate('answered'), seen.fate('tagged'), seen.fate('neutralised'), seen.fate('restated')),
         (2 * count, count, count, count), 'fates')
    same(seen.fate('dropped_by_verdict'), 2, 'what came by the silent bearer')
    same(seen.fate('forwarded_inspected'), BURST + 2 * count, 'innocent look-ups, and the first responses')
    for i, kind in enumerate(KINDS):
        expect_back(kind, [inside for inside in back if (inside.packet.dport or 0) in (4000 + i, 4100 + i, 4200 + i)])
        expect_onward(kind, [inside for inside in onward if (inside.packet.sport or 0) in (4000 + i, 4100 + i, 4200 + i)])
    silent = [inside for inside in onward if inside.id == 0xa4]
    same([(inside.packet.dport, bool(inside.packet.flags & packets.RST)) for inside in silent], [(80, True)], 'the silent bearer')
    expect_records(seen)
    expect_readable([frame.raw for frame in seen.made_back + seen.made_onward])


def expect_back(kind, found):
    """A refused look-up, a page, and the response of the message centre, each into the subscriber's tunnel."""
    name = NAMES.get(kind, kind)
    same(len(found), 3, 'frames back in %s' % kind)
    for inside in found:
        same((inside.kind, inside.id), (name, WAY_BACK[kind]), 'tunnel of an answer in %s' % kind)
        same((inside.packet.source, inside.packet.destination), ends(kind)[::-1], 'ends in %s' % kind)
        if inside.ends:
            v6 = kind in ('gtp6', 'gre6')
            same(inside.ends, (tunnels.FAR6, tunnels.NEAR6) if v6 else (tunnels.FAR, tunnels.NEAR), 'outer ends in %s' % kind)
    by_port = {inside.packet.sport: inside for inside in found}
    same(messages.DnsAnswer(by_port[53].packet.payload).code, 3, 'NXDOMAIN in %s' % kind)
    true(by_port[80].packet.payload.startswith(b'HTTP/1.1 302 '), 'a redirect in %s' % kind)
    same([pdu[1] for pdu in messages.smpp_read(by_port[2775].packet.payload)], [0x45], 'the refusal in %s' % kind)
    if kind == 'gtp5g':
        same(by_port[53].container, (0, 9), 'the flow of the session, downwards')
    if kind == 'vxlan':
        same(by_port[53].macs, packets.ACCESS_MAC + packets.CORE_MAC, 'stations inside')


def expect_onward(kind, found):
    """A tagged look-up, a reset, a voided message."""
    same(len(found), 3, 'frames onward in %s' % kind)
    for inside in found:
        if inside.packet.dport == 53:
            same(inside.packet.dscp, 1, 'DSCP in %s' % kind)
            same(getattr(inside, 'dscp', 1), 1, 'DSCP of the outer packet in %s' % kind)
        elif inside.packet.dport == 80:
            true(inside.packet.flags & packets.RST, 'the server is reset in %s' % kind)
        else:
            true(FRAUD.encode('utf-16-be') not in inside.packet.payload, 'no blocked text is left in %s' % kind)


def expect_records(seen):
    told = sorted({(record['tunnel']['kind'], record['tunnel'].get('id', 0)) for record in seen.records})
    same(told, sorted([('gtp-u', 0xa1), ('gtp-u', 0xa2), ('gtp-u', 0xa3), ('gtp-u', 0xa4), ('mpls', 100), ('gre', 7), ('gre', 0),
                       ('vxlan', 42), ('ip-in-ip', 0), ('pppoe', 0x1234)]), 'tunnels in records')
    outer = next(record['tunnel'] for record in seen.records if record['tunnel'].get('id') == 0xa3)
    same((outer['src_ip'], outer['dest_ip'], outer['proto'], outer['depth']), (tunnels.NEAR6, tunnels.FAR6, 'UDP', 1), 'outer ends in a record')
    same({record['src_ip'] for record in seen.records}, {CLIENT, CLIENT6}, "the subscribers' own addresses")


def expect_readable(frames):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'made.pcap')
        packets.write_pcap(file, frames)
        checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE']
        bad = 'ip.checksum.status==0 || udp.checksum.status==0 || tcp.checksum.status==0 || gre.checksum.status==0 || _ws.malformed'
        same(subprocess.run(['tshark', '-r', file, *checks, '-Y', bad], capture_output=True, text=True, check=True).stdout, '',
             'frames that tshark does not like')
        ids = subprocess.run(['tshark', '-r', file, '-Y', 'gtp && dns.flags.rcode==3', '-T', 'fields', '-e', 'gtp.teid'],
                             capture_output=True, text=True, check=True).stdout.split()
    same(sorted(ids), ['0x000000b1', '0x000000b2', '0x000000b3'], 'TEIDs of answers, as tshark reads them')
