#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the SIP fuzzer into corpus/: one payload per file (RFC 3261)."""
import pathlib

OUT = pathlib.Path(__file__).parent / 'corpus'


def sip(start, *headers, body=b'', end='\r\n', length='Content-Length'):
    lines = [start, *headers] + ([f'{length}: {len(body)}'] if length else [])
    return (end.join(lines) + end + end).encode() + body


VIA = 'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776;rport'
FROM = 'From: "Bank" <sip:+8610086@access.example;user=phone>;tag=1928301774'
TO = 'To: <sip:+8613800138000@core.example>'
REST = ('Call-ID: a84b4c76e66710@192.0.2.1', 'CSeq: 314159 INVITE', 'Max-Forwards: 70')
SDP = b'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49172 RTP/AVP 0\r\n'
INVITE = sip('INVITE sip:+8613800138000@core.example SIP/2.0', VIA, FROM, TO, *REST, 'Content-Type: application/sdp', body=SDP)
MESSAGE = sip('MESSAGE sip:13800138000@core.example SIP/2.0', VIA, FROM, TO, 'Call-ID: m', 'CSeq: 1 MESSAGE',
              'Content-Type: text/plain;charset=utf-8', body='您的账户已冻结'.encode())

SEEDS = {
    'invite': INVITE,
    'invite_tel': sip('INVITE tel:+86-138-0013-8000;phone-context=x SIP/2.0', VIA, 'From: tel:10086;tag=1', TO, *REST),
    'invite_compact': sip('INVITE sip:1@b SIP/2.0', 'v:SIP/2.0/UDP a', 'f:<sip:1@a>;tag=1', 't:<sip:1@b>;tag=2', 'i:x',
                          'CSeq:1 INVITE', length='l'),
    'invite_folded': sip('INVITE sip:1@b SIP/2.0', 'Via: SIP/2.0/UDP a,\r\n SIP/2.0/UDP b', 'From:\r\n\t<sip:1@a>\r\n ;tag=1', TO, *REST),
    'invite_asserted': sip('INVITE sip:%2B861@b;user=phone SIP/2.0', VIA, FROM, TO, *REST,
                           'P-Asserted-Identity: "x, \\"y\\"" <sip:%2B8610:pin@a>, <tel:+8611>', 'P-Asserted-Identity: <sip:a>'),
    'invite_line_feeds': sip('INVITE sip:1@b SIP/2.0', VIA, FROM, TO, *REST, end='\n'),
    'message': MESSAGE,
    'message_binary': sip('MESSAGE sip:sc@core.example SIP/2.0', VIA, FROM, TO, 'Call-ID: m', 'CSeq: 1 MESSAGE',
                          'Content-Type: application/vnd.3gpp.sms', body=bytes(range(32))),
    'ack': sip('ACK sip:1@b SIP/2.0', VIA, FROM, TO + ';tag=tf0123456789abcdef', 'Call-ID: x', 'CSeq: 1 ACK'),
    'response': sip('SIP/2.0 180 Ringing', VIA, FROM, TO + ';tag=3', *REST),
    'keep_alive': b'\r\n\r\n' + INVITE,
    'stream': INVITE + b'\r\n\r\n' + MESSAGE + sip('SIP/2.0 200 OK', VIA, FROM, TO, *REST, length='') + MESSAGE[:-3],
}

OUT.mkdir(exist_ok=True)
for name, content in SEEDS.items():
    (OUT / f'{name}.bin').write_bytes(content)
