#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of pipeline_fuzz into corpus/: one script per file, as pipeline_fuzz.cc reads them."""
import pathlib

OUT = pathlib.Path(__file__).parent / 'corpus'
ENFORCE, CROWDED, MONITOR, MIRROR = 0, 4, 6, 7
HTTP, TLS, DNS, SMS, SMS_LONG, SMS_MANY, RESPONSE, ENQUIRY, CALL, MESSAGE, CALL_RESPONSE, PROXIED = range(12)
PORTS = {80: 0, 443: 1, 53: 2, 2775: 3, 5060: 4, 8123: 5}
LISTED, SAME_NUMBER, AT_ONCE = 0x80, 0x40, 0x20
RUN = 0x80


def head(stand=ENFORCE, ports=(80, 443, 2775, 5060), flows=(53, 5060), ipv6=False, vlan=False):
    shape = (0x40 if ipv6 else 0) | (0x80 if vlan else 0)
    return bytes([stand]) + bytes(PORTS[port] | shape for port in (*ports, *flows))


def op(code, connection=0, side=0, *rest, run=True):
    return bytes([code | connection << 4 | side << 6 | (RUN if run else 0), *rest])


def say(connection, kind, variant=0, side=0, run=True):
    return op(0, connection, side, kind, variant, run=run)


def part(connection, length, side=0, run=True):
    return op(2, connection, side, length, run=run)


def opened(connection):
    return op(6, connection, 0, 3)


def udp(flow, kind, variant=0, side=0):
    return op(8, flow, side, kind, variant)


def cut(connection, kind, variant=0, lengths=(20, 30, 255)):
    return opened(connection) + say(connection, kind, variant) + b''.join(part(connection, length) for length in lengths)


def session(connection, listed):
    out = opened(connection)
    for i in range(4):
        out += say(connection, SMS | (LISTED if listed and i == 2 else 0), 8 * i) + part(connection, 40) + part(connection, 200)
        out += say(connection, RESPONSE | AT_ONCE, 0, side=1)
    return out


SEEDS = {
    'innocent': head() + opened(0) + say(0, HTTP | AT_ONCE) + opened(1) + say(1, TLS | AT_ONCE) + udp(0, DNS) + udp(1, CALL),
    'listed': head() + b''.join(say(0, HTTP | LISTED | AT_ONCE, i) + say(1, TLS | LISTED | AT_ONCE, i) + udp(0, DNS | LISTED, i) for i in range(4))
    + udp(1, CALL | LISTED) + udp(1, MESSAGE | LISTED, 2),
    'spread_http': head() + cut(0, HTTP | LISTED, 8) + part(0, 9) + op(3, 0, 0, 5, 60),
    'spread_tls': head(ports=(443, 443, 8123, 8123)) + cut(0, TLS | LISTED, 9, (1, 50, 50, 50)) + cut(1, TLS, 9) + cut(2, TLS | LISTED, 3) + cut(3, HTTP, 80),
    'spread_early': head() + opened(0) + say(0, HTTP | LISTED, 40) + op(5, 0, 0, 30, 90) + part(0, 31) + part(0, 90) + op(4, 0, 0, 10, 40),
    'dns_tcp': head(ports=(53, 53, 80, 80)) + cut(0, DNS | LISTED, 0, (3, 20, 20)) + cut(1, DNS, 4, (1, 1, 40)),
    'session': head(ports=(2775, 2775, 2775, 8123)) + session(0, False) + session(1, True) + session(3, True),
    'session_repeated': head(ports=(2775, 2775, 80, 80)) + session(0, True) + op(3, 0, 0, 30, 190) + op(4, 0, 0, 60, 190) + op(5, 0, 0, 40, 30) + op(11, 0, 0, 2),
    'session_long': head(ports=(2775,) * 4) + opened(0) + say(0, SMS_LONG | LISTED, 250) + op(14) + say(0, SMS_LONG, 200) + part(0, 250) + op(11, 0, 0, 2) + op(14),
    'session_many': head(ports=(2775,) * 4) + opened(0) + say(0, SMS_MANY | LISTED | AT_ONCE, 47) + say(0, SMS_MANY | AT_ONCE, 28) + say(0, ENQUIRY | AT_ONCE)
    + say(0, RESPONSE | AT_ONCE, 0, side=1),
    'session_reversed': head(ports=(2775,) * 4) + opened(0) + say(0, SMS) + op(5, 0, 0, 40, 100) + op(5, 0, 0, 20, 19) + part(0, 20) + part(0, 40) + op(9, 0, 0, 5, 0x38, 20),
    'session_tagged': head(ports=(2775,) * 4) + opened(0) + say(0, SMS | LISTED | AT_ONCE, 2) + say(0, SMS | LISTED, 6) + part(0, 10) + op(14),
    'session_opened_late': head(ports=(2775, 5060, 80, 80)) + say(0, SMS_LONG, 90) + part(0, 100) + part(0, 100) + opened(0) + say(0, SMS | LISTED | AT_ONCE)
    + op(9, 0, 0, 17, 0x02, 40),
    'bytes_for_nobody': head() + opened(0) + say(0, HTTP | LISTED) + part(0, 30) + op(9, 0, 0, 1, 60, 0x08) + op(9, 0, 0, 1, 60, 0x02) + op(14)
    + session(2, True) + say(2, SMS, 9) + op(9, 2, 0, 1, 60, 0x08) + op(9, 2, 0, 1, 60, 0x02) + op(9, 2, 0, 1, 60, 0x04) + op(14, 2),
    'hole_filled_too_late': bytes.fromhex('00032503030204860380040404fffffbf30204'),  # found
    'sip_tcp': head(ports=(5060,) * 4) + opened(0) + say(0, CALL) + part(0, 60) + part(0, 60) + op(14) + say(0, CALL_RESPONSE | AT_ONCE, 0, side=1)
    + say(0, MESSAGE | LISTED | AT_ONCE, 4),
    'monitor': head(MONITOR) + cut(0, HTTP | LISTED) + session(2, True) + udp(0, DNS | LISTED),
    'mirror': head(MIRROR) + cut(0, HTTP | LISTED) + session(2, True) + udp(0, DNS | LISTED),
    'crowded': head(CROWDED, ports=(2775,) * 4) + b''.join(opened(i) + say(i, SMS_LONG, 100) + op(5, i, 0, 30, 220, run=False) + part(i, 29) for i in range(4))
    + b''.join(op(14, i) for i in range(4)),
    'swap': head() + say(0, HTTP | LISTED, 0) + part(0, 20) + op(12, 0, 0, 4) + part(0, 255) + say(1, TLS | LISTED | AT_ONCE) + op(12, 0, 0, 0) + op(12, 0, 0, 5) + udp(0, DNS | LISTED),
    'no_room': head() + op(12, 0, 0, 2) + say(0, HTTP | LISTED | AT_ONCE) + op(12, 0, 0, 3) + session(2, True),
    'ipv6_vlan': head(ipv6=True, vlan=True) + cut(0, HTTP | LISTED) + session(2, True) + udp(0, DNS | LISTED) + udp(1, CALL),
    'reset': head() + say(0, HTTP) + part(0, 30) + op(7, 0, 0, 0x14) + op(7, 0, 1, 0x11) + op(14) + cut(1, TLS | LISTED, 2) + op(3, 1, 0, 0, 200) + op(7, 1, 0, 0x11),
    'anything': head(ports=(8123,) * 4) + op(10, 0, 0, 21) + b'\x05\x01\x00GET / HTTP/1.1\r\nHo' + op(14) + op(13, 0, 0, 14) + bytes(12) + b'\x08\x06' + say(0, PROXIED | LISTED | AT_ONCE),
}

OUT.mkdir(exist_ok=True)
for name, content in SEEDS.items():
    (OUT / f'{name}.bin').write_bytes(content)
