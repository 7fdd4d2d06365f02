# SPDX-License-Identifier: Apache-2.0
"""Two workers, and a NIC that gives them the two fragments of each look-up: in tunnels they meet at one worker all the same, and the
look-up is refused. Innocent ones pass, each once."""
import struct

import tunnels
from support import SERVER, messages, packets, same

WORKERS = 2
BAD = 'worse.example'
CLIENTS = ['10.1.%d.1' % i for i in range(40)]


def fragments(packet, identification):
    """An IPv4 packet in two (RFC 791, 3.2)."""
    parts = []
    for start, end, flags in ((20, 44, 0x2000), (44, len(packet), 3)):
        head = bytearray(packet[:20])
        struct.pack_into('!HHH', head, 2, 20 + end - start, identification, flags)
        struct.pack_into('!H', head, 10, 0)
        struct.pack_into('!H', head, 10, packets.checksum(bytes(head)))
        parts.append(bytes(head) + packet[start:end])
    return parts


def wrap(i, packet):
    return (lambda: tunnels.vxlan(packet, 42, True), lambda: tunnels.gre(packet, 7, True), lambda: tunnels.ip_in_ip(packet, True),
            lambda: tunnels.mpls(packet, [16, 100], True), lambda: tunnels.gtp_u(packet, 0xa1, True))[i % 5]()


def lookup(client, name):
    return packets.ip(client, SERVER, packets.UDP, packets.udp(client, 4000, SERVER, 53, messages.dns_query(name)))


def send():
    access = []
    for i, client in enumerate(CLIENTS):
        for number, name in ((1, BAD), (2, 'fine.example')):
            access += [wrap(i, part) for part in fragments(lookup(client, name), number)]
        access += [wrap(i, lookup(client, 'fine.example')), packets.ethernet(lookup(client, 'fine.example'))]
    return {'access': access, 'core': []}


def expect(seen):
    # Where each direction has an id of its own, nobody can be told.
    same(seen.fate('answered') + seen.fate('dropped_by_verdict'), len(CLIENTS), 'refused look-ups')
    same(seen.fate('answered'), len(CLIENTS) * 3 // 5, 'answered look-ups')
    same(len(seen.onward), 5 * len(CLIENTS), 'all but the part that would complete a refused one')
    same(len(seen.made_onward), 0, 'frames changed')
    same(len(seen.records), len(CLIENTS), 'records')
