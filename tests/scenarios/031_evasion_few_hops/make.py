# SPDX-License-Identifier: Apache-2.0
"""Decoys with too few hops to reach the server: in place of the name, before it as a whole message, and without ACK."""
from evasion import cut, opened, pairs, part
from support import packets, same


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
    return {'access': frames, 'core': []}


def expect(seen):
    same((seen.fate('reset'), seen.fate('answered')), (3, 3), 'refused')
    same(seen.evasions, {'inconsistent_copy': 2, 'few_hops': 2, 'odd_flags': 2}, 'counted')
    same(sorted(record['anomaly']['event'] for record in seen.anomalies), ['few_hops'] * 2 + ['inconsistent_copy'] * 2 + ['odd_flags'] * 2, 'recorded')
