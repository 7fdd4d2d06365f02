# SPDX-License-Identifier: Apache-2.0
"""One ClientHello over many TLS records: in one segment, a record in each segment, and segments that end inside of records."""
import struct

from evasion import opened, part
from support import messages, same


def in_records(hello, each):
    handshake = hello[5:]
    parts = [handshake[at:at + each] for at in range(0, len(handshake), each)]
    return [b'\x16\x03\x01' + struct.pack('!H', len(one)) + one for one in parts]


def send():
    frames = []
    for base, host in ((4000, 'pay.bad.example'), (4100, 'pay.fine.example')):
        hello = messages.client_hello(host)
        port = base
        for each in (1, 4, 7, 40):
            records = in_records(hello, each)
            whole = b''.join(records)
            for pieces in ([whole], records, [whole[at:at + 13] for at in range(0, len(whole), 13)]):
                frames += opened(port, 443)
                at = 0
                for piece in pieces:
                    frames.append(part(port, 443, at, piece))
                    at += len(piece)
                port += 1
    return {'access': frames, 'core': []}


def expect(seen):
    same(sorted(record['src_port'] for record in seen.records), list(range(4000, 4012)), 'each is refused once')
    same(seen.fate('reset'), 12, 'resets')
    sent = [raw for raw in seen.sent['access'] if int.from_bytes(raw[34:36], 'big') >= 4100]
    same([frame.raw for frame in seen.onward if frame.sport >= 4100], sent, 'innocent ones pass untouched')
