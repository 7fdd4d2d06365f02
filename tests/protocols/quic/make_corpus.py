#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of quic_fuzz in corpus/: datagrams, and scripts of datagrams (script.h) that are sealed by the fuzzer."""
import pathlib
import random
import struct
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[2] / 'scripts' / 'lib'))
import messages  # noqa: E402
import quic  # noqa: E402

corpus = here / 'corpus'


def long_hello(name):
    """As with a post-quantum key share, in front of the name."""
    hello = messages.client_hello(name)[5:]
    at = hello.index(struct.pack('!HH', 0, len(name) + 5)) - 2
    share = struct.pack('!HHHH', 51, 1220, 0x11ec, 1216) + b'k' * 1216
    extensions = share + hello[at + 2:]
    body = hello[4:at] + struct.pack('!H', len(extensions)) + extensions
    return b'\1' + len(body).to_bytes(3, 'big') + body


def packet(frames, choices=0):
    return bytes([choices]) + struct.pack('!H', len(frames)) + frames


def datagram(*packets, connection=0, server_id=False, version=0):
    return bytes([connection | server_id << 1 | version << 2 | max(len(packets) - 1, 0) << 4]) + b''.join(packets)


def pieces(data, count, seed):
    cuts = sorted(random.Random(seed).sample(range(1, len(data)), count))
    parts = [quic.crypto(a, data[a:b]) for a, b in zip([0] + cuts, cuts + [len(data)])]
    random.Random(seed + 1).shuffle(parts)
    return parts


short, long = messages.client_hello('www.shop.example')[5:], long_hello('pq.example')
ack = bytes.fromhex('02420a0a020501010003')
shuffled = pieces(short, 9, 1)
spread = pieces(long, 12, 2)
scripts = {
    'whole': datagram(packet(quic.crypto(0, short))),
    'version_2': datagram(packet(quic.crypto(0, short)), version=1),
    'google': datagram(packet(b'\x08' + quic.crypto(0, short)[1:]), version=3),
    'google_hello': datagram(packet(b'\x08' + quic.crypto(0, quic.google_hello('g.example')[34:1000])[1:]), version=3),
    'two_packets': datagram(packet(quic.crypto(90, short[90:])), packet(quic.crypto(0, short[:90]), 1)),
    'two_datagrams': datagram(packet(quic.crypto(0, long[:1000]))) + datagram(packet(quic.crypto(1000, long[1000:]), 4)),
    'turned_round': datagram(packet(quic.crypto(1000, long[1000:]))) + datagram(packet(quic.crypto(0, long[:1000]))),
    'servers_id': datagram(packet(quic.crypto(0, long[:1000]))) + datagram(packet(quic.crypto(1000, long[1000:])), server_id=True),
    'shuffled': datagram(packet(b'\0\0'.join(shuffled) + b'\1' + ack)),
    'spread': b''.join(datagram(packet(b'\1'.join(spread[i::3]), i)) for i in range(3)),
    'two_connections': datagram(packet(quic.crypto(0, long[:1000]))) + datagram(packet(quic.crypto(0, short)), connection=1) +
                       datagram(packet(quic.crypto(1000, long[1000:]))),
    'damaged': datagram(packet(quic.crypto(0, short), 0xc0)) + datagram(packet(quic.crypto(0, short))),
    'inconsistent': datagram(packet(quic.crypto(0, long[:1000]))) + datagram(packet(quic.crypto(900, b'X' * 500))) +
                    datagram(packet(quic.crypto(1000, long[1000:]))),
    'too_long': datagram(packet(quic.crypto(16380, b'0123456789'))),
    'far_beyond': datagram(packet(quic.crypto(0, long[:1000]) + quic.crypto(40000, b'x'))) + datagram(packet(quic.crypto(1000, long[1000:]))),
    'closes': datagram(packet(b'\x1c\1\6\3bad' + quic.crypto(0, short) + b'\x1d')),
}
seeds = {
    'v1': quic.initial(quic.crypto(0, short)),
    'v2': quic.initial(b'\0\1'.join(shuffled), version=quic.V2, token=b'token'),
    'half': quic.initial(quic.crypto(0, long[:1000])),
    'google_43': quic.google_hello('www.google.example', b'Q043'),
    'google_46': quic.google_hello('www.google.example'),
    'short_header': bytes([0x45]) + bytes(range(60)),
    'negotiation': bytes.fromhex('c00000000008') + bytes(8) + b'\x04' + bytes(4) + bytes.fromhex('000000016b3343cf'),
}
corpus.mkdir(exist_ok=True)
for title, data in scripts.items():
    (corpus / ('script_%s.bin' % title)).write_bytes(b'S' + data)
for title, data in seeds.items():
    (corpus / ('%s.bin' % title)).write_bytes(data)
