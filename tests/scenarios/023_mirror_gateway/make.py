# SPDX-License-Identifier: Apache-2.0
"""Copies that a switch sends in ERSPAN, answered by way of a router: outside the tunnel, to the router's MAC address, with its tag."""
import struct

from support import CLIENT, SERVER, connection, messages, packets, query, same

LINKS = 'mirror: [access]\nrespond: {port: core, gateway: "02:00:00:00:00:77", vlan: 300}'
HELLO = messages.client_hello('pay.bad.example')
HEAD = bytes.fromhex('020000000077' + '027063617001' + '8100012c' + '0800')


def erspan(frame, sequence):
    """Type II: GRE with a sequence number, and eight octets (session 5)."""
    gre = struct.pack('!HHI', 0x1000, 0x88be, sequence) + struct.pack('!HHI', 0x1000, 5, 0)
    return packets.ethernet(packets.ip('192.0.2.1', '192.0.2.2', 47, gre + frame))


def send():
    copies = [query('worse.example', 4000, vlans=(9,))] + connection(4001, 443, HELLO)
    return {'access': [erspan(frame, number) for number, frame in enumerate(copies)], 'core': []}


def expect(seen):
    same(seen.back, [], 'frames that left by the mirror port')
    same([frame.raw[:18] for frame in seen.onward], [HEAD] * 3, 'link headers')
    answer, client, server = seen.onward
    same((answer.source, answer.destination, answer.dport, answer.payload[3] & 15), (SERVER, CLIENT, 4000, 3), 'the answer')
    same((client.destination, client.seq), (CLIENT, 5001), 'reset to the client')
    same((server.destination, server.seq), (SERVER, 1001 + len(HELLO)), 'reset to the server')
    same((seen.fate('mirror_answered'), seen.fate('mirror_released')), (2, 2), 'fates')
