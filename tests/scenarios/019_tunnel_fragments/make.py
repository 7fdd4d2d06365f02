# SPDX-License-Identifier: Apache-2.0
"""Tunnels whose own packets come in fragments, as where a bearer's headers make them too long for its network: look-ups and visits in them are
refused, with answers that lead back into the tunnel; innocent ones pass as they came, and an SMS passes and is counted."""
import struct

import tunnels
from support import CLIENT, SERVER, messages, packets, same

BAD, FINE = 'worse.example', 'fine.example'
FRAUD = '刷单返利日结,加微信abc12345领取佣金'
LINK = 14
VISITS = 4100, 4101


def fragments(frame, size, identification):
    """The frame's IPv4 packet in parts (RFC 791, 3.2), in the worst order: the last one first."""
    packet = frame[LINK:]
    parts = []
    for start in range(20, len(packet), size):
        end = min(start + size, len(packet))
        head = bytearray(packet[:20])
        struct.pack_into('!HHH', head, 2, 20 + end - start, identification, (0x2000 if end < len(packet) else 0) | (start - 20) // 8)
        struct.pack_into('!H', head, 10, 0)
        struct.pack_into('!H', head, 10, packets.checksum(bytes(head)))
        parts.append(frame[:LINK] + bytes(head) + packet[start:end])
    return parts[::-1]


def lookup(port, name):
    return packets.ip(CLIENT, SERVER, packets.UDP, packets.udp(CLIENT, port, SERVER, 53, messages.dns_query(name)))


def segment(port, service, payload, to_core=True):
    if to_core:
        return packets.ip(CLIENT, SERVER, packets.TCP, packets.tcp(CLIENT, port, SERVER, service, payload, 1001, 5001))
    return packets.ip(SERVER, CLIENT, packets.TCP, packets.tcp(SERVER, service, CLIENT, port, payload, 5001, 1001))


def in_bearer(packet, to_core=True):
    return tunnels.gtp_u(packet, 0xa1 if to_core else 0xb1, to_core)


CARRIED = ((lambda packet: tunnels.vxlan(packet, 42)), (lambda packet: tunnels.gre(packet, 7)), tunnels.ip_in_ip)


def send():
    core = [in_bearer(segment(port, 80, b'', False), False) for port in VISITS]
    # So many at once are read before the core's, which teach the way back into the bearer.
    access = [in_bearer(segment(port, 80, b'')) for port in VISITS] * 64
    number = 0
    for carry in CARRIED:
        for name in (FINE, BAD):
            number += 1
            access += fragments(carry(lookup(4000 + number, name)), 32, number)
    for port, name in zip(VISITS, (FINE, BAD)):
        number += 1
        access += fragments(in_bearer(segment(port, 80, messages.http_get(name))), 64, number)
    access += fragments(in_bearer(segment(4200, 2775, messages.smpp_submit(5, '10690001', '8613800138001', FRAUD))), 96, 99)
    return {'access': access, 'core': core}


def expect(seen):
    same(seen.fate('answered'), len(CARRIED) + 1, 'refused look-ups and visits')
    same(seen.fate('forwarded_action_failed'), 1, 'SMS that passed')
    same(len(seen.records), len(CARRIED) + 2, 'records')
    told = sorted((record['tunnel']['kind'], record['tunnel'].get('id', 0)) for record in seen.records)
    same(told, sorted([('vxlan', 42), ('gre', 7), ('ip-in-ip', 0), ('gtp-u', 0xa1), ('gtp-u', 0xa1)]), 'tunnels in records')
    same(len(seen.made_onward), 1, 'the server of the visit is reset, and nothing is changed')
