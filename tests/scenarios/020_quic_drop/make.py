# SPDX-License-Identifier: Apache-2.0
"""QUIC hellos for a blocked name are dropped to the last datagram of their connection, both versions, in one datagram or two, cut
through the name, under either side's connection id, and those of Google's own QUIC; other connections, what is damaged and what is
not read pass untouched."""
from support import CLIENT, SERVER, messages, packets, same

import quic


def hello(name):
    return messages.client_hello(name)[5:]  # without the record


def datagram(port, payload, service=443):
    return packets.udp_frame(CLIENT, port, SERVER, service, payload)


BAD, GOOD = hello('pay.bad.example'), hello('pay.fine.example')
CUT = BAD.index(b'bad.example') + 2
SERVERS_ID = b'\x5e' * 8
HEAD, TAIL = quic.crypto(0, BAD[:CUT]), quic.crypto(CUT, BAD[CUT:])
DAMAGED = bytearray(quic.initial(quic.crypto(0, BAD)))
DAMAGED[-1] ^= 1

FORWARDED = [
    datagram(4000, quic.initial(quic.crypto(0, GOOD))),
    datagram(4001, quic.initial(b'\x01' + quic.crypto(60, GOOD[60:]) + b'\0\0' + quic.crypto(0, GOOD[:60]), version=quic.V2), 8443),
    datagram(4002, quic.initial(HEAD)),  # the first half: nothing is known yet
    datagram(4003, bytes(DAMAGED)),
    datagram(4004, b'\xc3Q099' + bytes(1200)),
    datagram(4009, quic.google_hello('pay.fine.example')),
    datagram(4002, quic.initial(quic.crypto(0, GOOD), destination=b'\x77' * 8)),  # another connection of that flow
]
DROPPED = [
    datagram(4005, quic.initial(quic.crypto(0, BAD))),
    datagram(4006, quic.initial(TAIL + b'\x01' + HEAD, version=quic.V2), 8443),
    datagram(4002, quic.initial(TAIL, number=1)),
    datagram(4002, quic.initial(HEAD, number=2)),
    datagram(4002, quic.initial(TAIL, destination=SERVERS_ID, first_id=b'\x83\x94\xc8\xf0\x3e\x51\x57\x08', number=3)),
    datagram(4005, quic.initial(quic.crypto(0, BAD), number=1)),
    datagram(4007, quic.google_hello('pay.bad.example')),
    datagram(4008, quic.google_hello('pay.bad.example', b'Q043'), 8443),
]
# The first half must not be in one burst with what completes it, or it is dropped as well: a burst has up to 128.
FILLING = [datagram(5000 + i, b'filling') for i in range(130)]


def send():
    return {'access': FORWARDED + FILLING + DROPPED, 'core': []}


def expect(seen):
    same([frame.raw for frame in seen.onward], FORWARDED + FILLING, 'what goes on')
    same(seen.back, [], 'nothing is said')
    same((seen.fate('dropped_by_verdict'), seen.fate('dropped_dead_connection')), (6, 2), 'fates')
    same(sorted(record['quic']['sni'] for record in seen.records), ['pay.bad.example'] * 5, 'one record for each connection')
    same({record['alert']['action'] for record in seen.records}, {'blocked'}, 'what they say')
