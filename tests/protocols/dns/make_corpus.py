#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of dns_fuzz in corpus/: DNS messages as they stand above UDP, some after the length of TCP."""
import pathlib
import struct

corpus = pathlib.Path(__file__).parent / 'corpus'


def header(flags=0x0100, counts=(1, 0, 0, 0), ident=0x1234):
    return struct.pack('>6H', ident, flags, *counts)


def name(*labels):
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'


def question(*labels, kind=1):
    return name(*labels) + struct.pack('>2H', kind, 1)


def opt(size=1232, flags=0x8000, options=b''):
    return b'\0' + struct.pack('>4H', 41, size, 0, flags) + struct.pack('>H', len(options)) + options


def tcp(message):
    return struct.pack('>H', len(message)) + message


plain = header() + question(b'www', b'shop', b'example')
seeds = {
    'query_a': plain,
    'query_https_edns': header(0x0120, (1, 0, 0, 1)) + question(b'MiXeD', b'example', kind=65) + opt(),
    'query_cookie': header(0x0110, (1, 0, 0, 1)) + question(b'a', b'example', kind=28) + opt(options=bytes.fromhex('000a00080102030405060708')),
    'two_questions': header(0, (2, 0, 0, 0)) + question(b'a', b'example') + b'\1b\xc0\x0e\0\x1c\0\1',
    'root': header() + question(kind=2),
    'odd_labels': header() + question(b'a.b', b'c\\d', b'\0\xff', b'_x'),
    'response': header(0x8180, (1, 1, 0, 0)) + question(b'a', b'example') + b'\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4\xc0\0\2\1',
    'tcp_one': tcp(plain),
    'tcp_two': tcp(plain) + tcp(header(ident=9) + question(b'b', b'example')),
    'tcp_bad_between': tcp(plain) + tcp(b'abc') + tcp(header(0x7900) + question(b'a')) + tcp(b'') + tcp(header() + question(b'b')),
    'tcp_bad_first': tcp(header() + b'\xc0\xff\0\1\0\1') + tcp(plain)[:20],
    'lying_counts': header(0x0100, (0x7300, 0x8000, 0, 0)) + question(b'a', b'example'),
    'additional_before_opt': header(0x0100, (1, 0, 0, 2)) + question(b'a') + b'\xc0\x0c\0\x10\0\1\0\0\0\0\0\2\1x' + opt(4096, 0),
}
corpus.mkdir(exist_ok=True)
for title, data in seeds.items():
    (corpus / f'{title}.bin').write_bytes(data)
