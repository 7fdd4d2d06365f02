#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of batch_fuzz into corpus/ and those of snapshot_fuzz into snapshot_corpus/: one input per file, as they read them."""
import hashlib
import json
import pathlib

LINES, BATCH, FRAMED, LIST, PATTERNS = 0, 2, 3, 4, 6
DOMAIN, URL, NUMBER, ALLOW = 0, 16, 32, 8
SEPARATOR = '\x1e'


def op(op='add', kind='domain', value='bad.example', **more):
    return json.dumps({'op': op, 'kind': kind, 'value': value, **more}, ensure_ascii=False)


EVERY = [
    op(match='exact', category='phishing', level=1, id=7, expires='2026-12-01T00:00:00+08:00', source='s', note='n', shadow=True),
    op(kind='number', value='+86170*', match='prefix', side='calling', action='tag'),
    op(kind='url', value='http://Shop.example:8080/pay#x', match='prefix', expires=1796054400),
    op(kind='url', value='a.example/x?y=[1]', match='exact'),
    op(kind='pattern', value='刷单返利 日赚', name='clicks', action='block'),
    op(kind='pattern', value='win.{0,9}prize', match='regex'),
    op(kind='pattern', value='이벤트 힘\ufffd'),
    op('allow', value='good.example', match='suffix', expires='9999-12-31T23:59:59Z'),
    op('remove', kind='number', value='95599'),
    op(kind='ip', value='2001:db8::/32', valid_from=5, expires=9, campaign='c'),
    op('remove', kind='account', value='6222 0000'),
    json.dumps({'op': 'replace-list', 'kind': 'domain', 'source': 'vendor'}),
]
REFUSED = [op('replace-list'), op(kind='ip', value='192.0.2.1'), op(value=''), op(value='com.cn'), op(kind='number', value='110'),
           op(expires='1969-12-31T23:59:59Z'), op(level=4), op(value='a\u0000b.example'), '[]', '{"op":"add"', 'nonsense', op(action='drop', kind='pattern')]
LISTED = '\ufeff# a list\r\nbad.example  # why\r\n*.worse.example\n.worst.example\n\ncom.cn\n||ads.example^\n0.0.0.0 host.example\n例え.テスト\n'
YAML = """category: phishing
tier: 2
patterns:
  - id: prize
    name: {en: prize, zh: 中奖}
    text: 恭喜您中奖
    must_match: ['恭喜您中奖了']
    must_not_match: ['恭喜']
  - {id: login, name: {en: l, zh: l}, regex: 'log[i1]n', where: url, shadow: true, action: tag, must_match: [a.cn/login], must_not_match: [a.cn/x]}
  - {id: prize, text: again}
"""

SEEDS = {
    'lines': (LINES, '\n'.join(EVERY)),
    'lines_refused': (LINES, '\n'.join(REFUSED + EVERY[:2])),
    'line_moved': (LINES, '\n'.join([EVERY[1], EVERY[1].replace('calling', 'called'), op('remove', kind='number', value='+86 170*')])),
    'batch': (BATCH, SEPARATOR.join(['7-0', '{"seq":7,"ts":"2026-11-22T06:30:00.1Z","publisher":"c","n":2,"prev":"00"}', '\n'.join(EVERY[:2]), 'sig'])),
    'batch_wrong': (BATCH, SEPARATOR.join(['7-1', '{"seq":"7"}', EVERY[0]])),
    'batch_framed': (FRAMED, SEPARATOR.join(['', '', '\r\n'.join(EVERY + REFUSED)])),
    'list_domains': (LIST | DOMAIN, LISTED),
    'list_allowed': (LIST | DOMAIN | ALLOW, LISTED),
    'list_urls': (LIST | URL, 'http://shop.example/pay\na.example/x y # no\nb.example/c#d\nc.example\n'),
    'list_numbers': (LIST | NUMBER, '+86 138-0013-8000\n170*\n(010) 6552 1234\n110\n96110\n170-179\n+8610690000\n'),
    'patterns': (PATTERNS, YAML),
    'patterns_broken': (PATTERNS, YAML.replace('tier: 2', 'tier: 9\ntier: 1').replace('en: prize', '"en: prize')),
}

MANIFEST, ROWS, ROWS_OF_NOBODY, PACKED, TOLD, FILE = 0, 2, 4, 5, 6, 7


def manifest(frames, **more):
    told = {'v': 1, 'seq': 40, 'hash': 'a' * 64, 'created': 1796054400000, 'publisher': 'centre', 'domains': 2, 'numbers': 0, 'others': 0, 'removed': 0,
            'chunks': [{'bytes': len(chunk), 'sha256': hashlib.sha256(chunk).hexdigest()} for chunk in frames], **more}
    return json.dumps(told, separators=(',', ':')) + '\n'


def frame(text):
    """A zstd frame of one raw block, at most 255 bytes."""
    return bytes.fromhex('28b52ffd') + bytes([0x20, len(text)]) + (1 | len(text) << 3).to_bytes(3, 'little') + text.encode()


def rows(header, *values):
    return '#' + json.dumps({'op': 'add', **header}) + '\n' + ''.join(value + '\n' for value in values)


DOMAINS = rows({'kind': 'domain', 'match': 'suffix', 'category': 'phishing', 'level': 1, 'source': 'centre', 'columns': ['expires', 'id']},
               'bad.example\t1796054400\t7', 'worse.example\t1796054401\t8')
NUMBERS = rows({'kind': 'number', 'match': 'prefix', 'side': 'calling', 'source': 'police'}, '+86170', '86171000')
WIDE = rows({'kind': 'domain', 'match': 'suffix'}, 'example', 'bad.example', 'bad.example') + rows({'op': 'remove', 'kind': 'domain'}, 'gone.example')
PROOF = '#' + json.dumps({'proof': {'id': '7-0', 'h': b'{"seq":7,"n":1,"publisher":"c"}'.hex(), 'b': op(kind='number', value='+86170*').encode().hex(), 's': ''}}) + '\n'
LINES_OF = '\n'.join(line for line in EVERY if 'replace-list' not in line) + '\n'
BEFORE = [[1, '0' * 64], [38, 'b' * 64], [39, 'c' * 64]]
SIGNED = 'abcdef0123456789 ' + '0' * 128 + '\n'
SMALL = rows({'kind': 'domain', 'source': 'c'}, 'a.example', 'b.example')
IN_FILE = manifest([frame(SMALL)])

SNAPSHOT_SEEDS = {
    'manifest': (MANIFEST, manifest([b'x', b'yy'], before=BEFORE) + SIGNED),
    'manifest_wrong': (MANIFEST, manifest([b'x'], before=BEFORE[::-1]).replace('"v":1', '"v":2')),
    'rows': (ROWS, DOMAINS + NUMBERS + WIDE),
    'rows_and_lines': (ROWS, PROOF + LINES_OF + DOMAINS),
    'rows_wrong': (ROWS, DOMAINS + 'bad.example\tx\n#{"op":"replace-list","kind":"domain"}\n'),
    'wide': (ROWS_OF_NOBODY, PROOF + WIDE + NUMBERS + LINES_OF),
    'packed': (PACKED, frame(SMALL)),
    'packed_to_much': (PACKED, bytes.fromhex('28b52ffd') + bytes([0xe0]) + (1 << 50).to_bytes(8, 'little') + bytes([3, 0, 0])),
    'told': (TOLD, manifest([b'x']) + SEPARATOR + SMALL),
    'told_too_much': (TOLD, manifest([b'x'], domains=1 << 60, numbers=1 << 60, chunks=[{'bytes': 8 << 20, 'sha256': '0' * 64}] * 40) + SEPARATOR + SMALL),
    'file': (FILE, b'telefence snapshot 1\n%d\n' % len(IN_FILE) + IN_FILE.encode() + frame(SMALL)),
    'file_cut_off': (FILE, 'telefence snapshot 1\n99999\n{}'),
}

for folder, seeds in (('corpus', SEEDS), ('snapshot_corpus', SNAPSHOT_SEEDS)):
    out = pathlib.Path(__file__).parent / folder
    out.mkdir(exist_ok=True)
    for name, (kind, text) in seeds.items():
        (out / f'{name}.bin').write_bytes(bytes([kind]) + (text if isinstance(text, bytes) else text.encode()))
