# SPDX-License-Identifier: Apache-2.0
"""Decoys with too few hops to reach the server: in place of the name, before it as a whole message, and without ACK; and in place of the
text of an SMS, on a connection where every later copy leaves as the first one did."""
from evasion import cut, opened, pairs, part
from support import messages, packets, same, true

FRAUD, FINE = '刷单返利日结,加微信abc12345领取佣金', '您的快递已到请到门口取件谢谢您的支持啊'
BAD, GOOD = (messages.smpp_submit(2, '10690001', '8613800138001', text) for text in (FRAUD, FINE.ljust(len(FRAUD))[:len(FRAUD)]))
BORDER = 60


def send():
    frames = []
    for number, (service, bad, good, border) in enumerate(pairs()):
        first, rest = cut(bad, border)
        port = 4000 + 10 * number
        frames += opened(port, service) + [part(port, service, 0, first),
                                           part(port, service, border, good[border:], ip_fields={'ttl': 5}),
                                           part(port, service, border, rest)]
        port += 1  # a whole innocent one first; the true one a byte at first, so that it begins as nothing known
        frames += opened(port, service) + [part(port, service, 0, good, ip_fields={'ttl': 5}),
                                           part(port, service, 0, bad[:1]), part(port, service, 1, bad[1:])]
        port += 1
        frames += opened(port, service) + [part(port, service, 0, first),
                                           part(port, service, border, good[border:], flags=packets.PSH),
                                           part(port, service, border, rest)]
    frames += opened(4030, 2775) + [part(4030, 2775, 0, BAD[:BORDER]), part(4030, 2775, BORDER, GOOD[BORDER:], ip_fields={'ttl': 5}),
                                    part(4030, 2775, BORDER, BAD[BORDER:])]
    frames += opened(4031, 2775) + [part(4031, 2775, 0, BAD[:20]), part(4031, 2775, 20, BAD[20:30]),
                                    part(4031, 2775, 30, BAD[30:], ip_fields={'ttl': 5}), part(4031, 2775, 30, GOOD[30:])]
    return {'access': frames, 'core': []}


def expect(seen):
    same((seen.fate('reset'), seen.fate('answered')), (3, 3), 'refused')
    same(len(BAD), len(GOOD), 'lengths')
    same(seen.evasions, {'inconsistent_copy': 4, 'few_hops': 4, 'odd_flags': 2}, 'counted')
    same(sorted(record['anomaly']['event'] for record in seen.anomalies), ['few_hops'] * 4 + ['inconsistent_copy'] * 4 + ['odd_flags'] * 2, 'recorded')
    for port in (4030, 4031):
        stream = {}
        for frame in seen.onward:
            if frame.sport == port:
                stream.update((frame.seq + at, byte) for at, byte in enumerate(frame.payload))
        true(FRAUD.encode('utf-16-be')[2:] not in bytes(byte for _, byte in sorted(stream.items())), 'the text does not get through')
