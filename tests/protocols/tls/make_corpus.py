#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of tls_fuzz in corpus/: the bytes of TCP segments."""
import pathlib

corpus = pathlib.Path(__file__).parent / 'corpus'


def counted(data, width):
    return len(data).to_bytes(width, 'big') + data


def extension(kind, data):
    return kind.to_bytes(2, 'big') + counted(data, 2)


def server_name(host):
    return extension(0, counted(b'\0' + counted(host, 2), 2))


def hello(extensions):
    body = b'\3\3' + bytes(range(32)) + counted(b'\x5e' * 32, 1) + counted(bytes.fromhex('130113021303'), 2) + counted(b'\0', 1)
    return b'\1' + counted(body + (counted(extensions, 2) if extensions is not None else b''), 3)


def record(fragment, kind=22):
    return bytes([kind, 3, 1]) + counted(fragment, 2)


def records(message, size):
    return b''.join(record(message[i:i + size]) for i in range(0, len(message), size))


groups = extension(10, counted(bytes.fromhex('001d0017'), 2))
alpn = extension(16, counted(counted(b'h2', 1) + counted(b'http/1.1', 1), 2))
outer = extension(0xfe0d, bytes.fromhex('00000100010700000000'))
key_share = extension(51, counted(bytes.fromhex('11ec') + counted(b'k' * 1216, 2), 2))
named = hello(groups + server_name(b'www.shop.example') + alpn)
seeds = {
    'named': record(named),
    'ech': record(hello(server_name(b'outer.example') + outer)),
    'nameless': record(hello(groups)),
    'no_extensions': record(hello(None)),
    'records_of_40': records(named, 40),
    'records_of_1': records(named[:60], 1),
    'name_then_cut': record(hello(server_name(b'pq.example') + key_share))[:300],
    'cut_before_name': record(hello(key_share + server_name(b'pq.example')))[:300],
    'after_change_cipher_spec': record(b'\1', 20) + record(named),
    'proxied': b'PROXY UNKNOWN\r\n' + record(named),
    'proxied_2': b'\r\n\r\n\0\r\nQUIT\n\x21\x11' + counted(bytes(12), 2) + record(named),
    'empty_records': record(b'') * 3 + record(named[:20]) + record(b'') * 2 + record(named[20:]),
    'other_versions': b'\x16\3\x7f' + counted(named[:4] + b'\x7f\0' + named[6:], 2),
    'application_data': record(b'x' * 40, 23),
    'alert': record(b'\2\x31', 21),
}
corpus.mkdir(exist_ok=True)
for title, data in seeds.items():
    (corpus / f'{title}.bin').write_bytes(data)
