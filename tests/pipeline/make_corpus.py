#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzzers of this folder into corpus*/: one script per file, as fuzz_play.h and the *_fuzz.cc read them."""
import pathlib

HERE = pathlib.Path(__file__).parent
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


def cut_up(connection, kind, variant=0, lengths=(20, 30, 255)):
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
    'spread_http': head() + cut_up(0, HTTP | LISTED, 8) + part(0, 9) + op(3, 0, 0, 5, 60),
    'spread_tls': head(ports=(443, 443, 8123, 8123)) + cut_up(0, TLS | LISTED, 9, (1, 50, 50, 50)) + cut_up(1, TLS, 9) + cut_up(2, TLS | LISTED, 3) + cut_up(3, HTTP, 80),
    'spread_early': head() + opened(0) + say(0, HTTP | LISTED, 40) + op(5, 0, 0, 30, 90) + part(0, 31) + part(0, 90) + op(4, 0, 0, 10, 40),
    'dns_tcp': head(ports=(53, 53, 80, 80)) + cut_up(0, DNS | LISTED, 0, (3, 20, 20)) + cut_up(1, DNS, 4, (1, 1, 40)),
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
    'monitor': head(MONITOR) + cut_up(0, HTTP | LISTED) + session(2, True) + udp(0, DNS | LISTED),
    'mirror': head(MIRROR) + cut_up(0, HTTP | LISTED) + session(2, True) + udp(0, DNS | LISTED),
    'crowded': head(CROWDED, ports=(2775,) * 4) + b''.join(opened(i) + say(i, SMS_LONG, 100) + op(5, i, 0, 30, 220, run=False) + part(i, 29) for i in range(4))
    + b''.join(op(14, i) for i in range(4)),
    'swap': head() + say(0, HTTP | LISTED, 0) + part(0, 20) + op(12, 0, 0, 4) + part(0, 255) + say(1, TLS | LISTED | AT_ONCE) + op(12, 0, 0, 0) + op(12, 0, 0, 5) + udp(0, DNS | LISTED),
    'no_room': head() + op(12, 0, 0, 2) + say(0, HTTP | LISTED | AT_ONCE) + op(12, 0, 0, 3) + session(2, True),
    'ipv6_vlan': head(ipv6=True, vlan=True) + cut_up(0, HTTP | LISTED) + session(2, True) + udp(0, DNS | LISTED) + udp(1, CALL),
    'reset': head() + say(0, HTTP) + part(0, 30) + op(7, 0, 0, 0x14) + op(7, 0, 1, 0x11) + op(14) + cut_up(1, TLS | LISTED, 2) + op(3, 1, 0, 0, 200) + op(7, 1, 0, 0x11),
    'anything': head(ports=(8123,) * 4) + op(10, 0, 0, 21) + b'\x05\x01\x00GET / HTTP/1.1\r\nHo' + op(14) + op(13, 0, 0, 14) + bytes(12) + b'\x08\x06' + say(0, PROXIED | LISTED | AT_ONCE),
}

OPTIONS = 0x10  # of TCP, in pipeline_fuzz; in tunnels_fuzz: outer datagrams without checksums


def with_octets(script, each):
    """Puts the octets that belong to each connection behind its shape."""
    return script[:1] + b''.join(bytes([shape]) + each for shape in script[1:7]) + script[7:]


for name, options in (('session', 3), ('session_reversed', 7), ('reset', 2), ('spread_http', 0x5a)):
    SEEDS[f'{name}_options'] = with_octets(bytes([SEEDS[name][0] | OPTIONS]) + SEEDS[name][1:], bytes([options]))

# Between honest ends nothing listed arrives, in whatever pieces, nor in IP fragments.
HONEST = {port: next(shape for shape in range(0x20, 0x40) if shape % 6 == PORTS[port]) for port in PORTS}
FRAGMENTED = 0x20


def listed(kind):
    """The octet that says this kind, listed: fuzz_play.h takes its rest by twelve, flags and all."""
    return next(LISTED | low for low in range(0x20) if (LISTED | low) % 12 == kind)


def honest(ports):
    return bytes([ENFORCE]) + bytes(HONEST[port] for port in ports) + bytes((PORTS[53], PORTS[5060]))


def backwards(connection, kind, variant=0):
    return opened(connection) + say(connection, kind, variant) + b''.join(op(5, connection, 0, ahead, 40) for ahead in (60, 30, 50, 10)) + op(14, connection)


NAMES, SHARED = (80, 443, 53, 80), (2775, 5060, 2775, 5060)
KINDS = {'names': (NAMES, (HTTP, TLS, DNS, HTTP)), 'shared': (SHARED, (SMS_LONG, CALL, SMS_MANY, MESSAGE))}
SURE = {}
for what, (ports, kinds) in KINDS.items():
    SURE[f'{what}_pieces'] = honest(ports) + b''.join(cut_up(i, listed(kind), 4 * i, (20, 30, 5, 250, 255)) + op(14, i) for i, kind in enumerate(kinds))
    SURE[f'{what}_backwards'] = honest(ports) + b''.join(backwards(i, listed(kind), 156) for i, kind in enumerate(kinds))
    SURE[f'{what}_behind_others'] = honest(ports) + b''.join(
        opened(i) + say(i, kind, 12) + say(i, listed(kind), 5) + part(i, 90) + op(3, i, 0, 7, 50) + op(14, i) for i, kind in enumerate(kinds))
SURE['answered'] = honest((2775,) * 4) + b''.join(say(0, kind, 8, run=False) for kind in (SMS, listed(SMS), SMS)).join((opened(0), part(0, 40) + op(14))) + op(3, 0, 0, 30, 190) + op(11, 0, 0, 3) + op(0, 0, 1, RESPONSE, 0) * 3 + op(14, 0, 1) + say(0, listed(SMS), 8) + part(0, 33) + op(14)
SEEDS.update((f'sure_{name}', script) for name, script in SURE.items())
for name, script in SURE.items():
    SEEDS[f'sure_{name}_fragments'] = with_octets(bytes([FRAGMENTED]) + script[1:], bytes([0xc3 if 'pieces' in name else 0x87]))

# A plain tunnel of each kind, one in another, each with all that its header may have.
GTP, GRE, IPIP, VXLAN, GENEVE, MPLS, PPPOE, L2TP, CAPWAP, TEREDO, GRE_IN_UDP, AYIYA = *range(1, 12), 14
OUTER_IPV6, NESTED, BRIDGED = 0x10, 0x40, 0x80
TUNNELS = {}
for kind, label in ((GTP, 'gtp'), (GRE, 'gre'), (IPIP, 'ipip'), (VXLAN, 'vxlan'), (GENEVE, 'geneve'), (MPLS, 'mpls'), (PPPOE, 'pppoe'),
                    (L2TP, 'l2tp'), (CAPWAP, 'capwap'), (TEREDO, 'teredo'), (GRE_IN_UDP, 'gre_in_udp'), (AYIYA, 'ayiya')):
    for name in ('listed', 'session', 'reset'):
        TUNNELS[f'{label}_{name}'] = with_octets(SEEDS[name], bytes([kind, 0]))
    TUNNELS[f'{label}_sure'] = with_octets(SURE['shared_pieces'], bytes([kind, 0x10]))
    for name, pieces in (('shared_pieces', 0xc3), ('shared_backwards', 0x87), ('names_pieces', 0xc3)):
        TUNNELS[f'{label}_sure_{name}_fragments'] = with_octets(bytes([FRAGMENTED]) + SURE[name][1:], bytes([pieces, kind, 0x10]))
    TUNNELS[f'{label}_full'] = with_octets(SEEDS['session'] + SEEDS['reset'][7:], bytes([kind | OUTER_IPV6 | BRIDGED, 0x1f]))
    TUNNELS[f'{label}_bare'] = with_octets(bytes([OPTIONS]) + SEEDS['listed'][1:] + SEEDS['session_many'][7:], bytes([kind, 0x10]))
    if kind not in (MPLS, PPPOE):
        TUNNELS[f'{label}_nested'] = with_octets(SEEDS['session'] + SEEDS['listed'][7:], bytes([kind | NESTED, (kind * 0x20 & 0xe0) | 5]))
for name in ('mirror', 'monitor', 'crowded', 'ipv6_vlan', 'swap', 'no_room'):
    TUNNELS[name] = SEEDS[name][:1] + b''.join(SEEDS[name][1 + i:2 + i] + bytes([1 + i, 5 * i]) for i in range(6)) + SEEDS[name][7:]


def cut(flow, kind, variant=0, size=3, order=0, spoilt=0, side=0):
    return bytes([0x80 | flow << 4 | side << 6, kind, variant, size, order, spoilt])


def four(*shapes, stand=ENFORCE, tunnels=(0, 0, 0, 0)):
    return bytes([stand]) + b''.join(bytes([shape, tunnel, 5]) for shape, tunnel in zip(shapes, tunnels))


UDP_DNS, UDP_SIP, TCP_HTTP, TCP_TLS, IPV6 = 0, 1, 0x22, 0x23, 0x40
USUAL = (UDP_DNS, UDP_SIP, TCP_HTTP, TCP_TLS)
ALL = b''.join(cut(flow, kind, 40, size) for flow, kind in enumerate((DNS, CALL, HTTP, TLS)) for size in (0, 2, 6))
ALL_LISTED = b''.join(cut(flow, kind | LISTED, 40 if kind != CALL else 3, size, order) for flow, kind in enumerate((DNS, CALL, HTTP, TLS))
                      for size in (1, 5, 9) for order in (0, 1, 2))
FRAGMENTS = {
    'innocent': four(*USUAL) + ALL, 'listed': four(*USUAL) + ALL_LISTED, 'ipv6': four(*(shape | IPV6 for shape in USUAL)) + ALL + ALL_LISTED,
    'spoilt': four(*USUAL) + b''.join(cut(0, DNS | LISTED, 8, 0, order, spoilt) + b'\1' for order in (0, 1, 6) for spoilt in (1, 2, 4, 8, 16, 17, 24)),
    'repeated': four(*USUAL) + cut(1, CALL | LISTED, 3, 6) + b''.join(bytes([0x83, 0, i]) for i in range(8)) + bytes([0x85, 5]) + bytes([0x83, 0, 6]),
    'lost': four(*USUAL) + cut(0, DNS | LISTED, 8, 0, 0, 2) + bytes([0]) + cut(0, DNS | LISTED, 8, 0, 0, 2) + bytes([2]) + bytes([0x83, 0, 1]),
    'changed': four(*USUAL) + cut(0, DNS) + bytes([0x86, 4]) + cut(0, DNS | LISTED) + bytes([0x86, 1]) + cut(1, CALL | LISTED, 3) + bytes([0x86, 2]) + ALL,
    'whole': four(*USUAL) + b''.join(bytes([0x84 | flow << 4, kind | LISTED, 4, 0]) for flow, kind in ((0, DNS), (1, CALL))) + ALL,
    'mirror': four(*USUAL, stand=MIRROR) + ALL_LISTED, 'monitor': four(*USUAL, stand=MONITOR) + ALL_LISTED,
    'back': four(*USUAL) + cut(0, DNS, side=1) + cut(1, CALL_RESPONSE, 30, 5, side=1), 'raw': four(*USUAL) + bytes([0x87, 20]) + bytes(12) + b'\x08\0\x45\0\0\0\0\x01' + ALL,
}
for kind in range(1, 10):
    FRAGMENTS[f'tunnel{kind}'] = four(*USUAL, tunnels=(kind, kind | OUTER_IPV6, kind | NESTED, kind)) + ALL + ALL_LISTED[:36] + ALL_LISTED[54:90]

NEXT, ANY, SHORT, ANSWER, REPEAT = 0x80, 0x84, 0x86, 0x87, 0x88
Q_LISTED = 0x40


def clients(*pairs, stand=ENFORCE):
    return bytes([stand]) + b''.join(bytes(pair) for pair in pairs)


def hello(client, *lengths, how=0, run=0x80):
    return b''.join(bytes([run | client << 4, length, how]) for length in lengths)


TWO = ((0, 0x20), (Q_LISTED, 0x20), (1, 0x60), (1 | Q_LISTED, 0x60))
EACH = b''.join(hello(i, 10, 20, 100) + hello(i, 120, 120) for i in range(4))
QUIC = {
    'whole': clients(*TWO) + b''.join(hello(i, 255) for i in range(4)), 'cut': clients(*TWO) + EACH, 'monitor': clients(*TWO, stand=MONITOR) + EACH,
    'mirror': clients(*TWO, stand=MIRROR) + EACH, 'versions': clients(*((shape | i << 2, more) for i, (shape, more) in enumerate(TWO))) + EACH,
    'at_once': clients(*TWO) + EACH.replace(bytes([0x80]), bytes([0])), 'any': clients(*TWO) + b''.join(bytes([ANY | 0x10, 0, at, 20, 0]) for at in (200, 90, 0, 60, 30, 130)) + bytes([REPEAT, 2]),
    'spoilt': clients(*TWO) + b''.join(hello(i, 20, how=how) for i in range(4) for how in (1, 2, 4, 8, 16, 32, 64)) + EACH,
    'answered': clients(*TWO) + b''.join(hello(i, 20) + bytes([ANSWER | i << 4, 0]) + hello(i, 200, how=128) + bytes([ANSWER | i << 4, 1, SHORT | i << 4, 5, 9]) for i in range(4)) + EACH,
    'retry': clients(*TWO) + hello(1, 20) + bytes([ANSWER | 0x10, 2]) + hello(1, 200, 200, how=8), 'late': clients(*TWO) + hello(1, 20) + bytes([0x8a, 4]) + EACH + bytes([0x8a, 5]) + EACH,
    'changed': clients(*TWO) + hello(1, 30) + bytes([0x8b, 0]) + EACH + bytes([0x8b, 1]) + EACH + bytes([0x8b, 2]) + EACH, 'ipv6': clients(*((shape | 0x80, more) for shape, more in TWO)) + EACH,
    'tunnels': clients(*((shape, more | 0x80, 1 + i, 5) for i, (shape, more) in enumerate(TWO))) + EACH, 'raw': clients(*TWO) + bytes([0x8d, 4, 1, 2, 3, 4, 0x8c, 3, 5, 6, 7]) + EACH,
}

for folder, seeds in (('corpus', SEEDS), ('corpus_tunnels', TUNNELS), ('corpus_fragments', FRAGMENTS), ('corpus_quic', QUIC)):
    (HERE / folder).mkdir(exist_ok=True)
    for name, content in seeds.items():
        (HERE / folder / f'{name}.bin').write_bytes(content)
