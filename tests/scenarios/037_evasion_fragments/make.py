# SPDX-License-Identifier: Apache-2.0
"""Overlapping IP fragments with different bytes: the first copies are judged, and it is told."""
from support import CLIENT, SERVER, messages, packets, same

MORE = 0x2000
BAD = messages.dns_query('www.pay.bad.example')
GOOD = messages.dns_query('www.pay.fin.example')


def fragments(identification, pieces):
    """pieces: (offset in bytes, bytes, whether more follow) of the IP payload."""
    return [packets.ethernet(packets.ip(CLIENT, SERVER, packets.UDP, piece, identification=identification, flags_offset=(MORE if more else 0) | at // 8))
            for at, piece, more in pieces]


def send():
    frames = []
    for number, (early, late) in enumerate(((BAD, GOOD), (GOOD, BAD))):
        # The middle twice, then the end: which of both a receiver takes is its own matter.
        one, other = (packets.udp(CLIENT, 4000 + number, SERVER, 53, query) for query in (early, late))
        frames += fragments(10 + number, [(0, one[:16], True), (16, one[16:40], True), (16, other[16:40], True), (40, one[40:], False)])
        # What completes the packet overlaps what is there.
        one, other = (packets.udp(CLIENT, 4010 + number, SERVER, 53, query) for query in (early, late))
        frames += fragments(20 + number, [(0, one[:16], True), (16, one[16:40], True), (24, other[24:], False)])
    return {'access': frames, 'core': []}


def expect(seen):
    same(seen.fate('answered') + seen.fate('dropped_by_verdict'), 2, 'both packets whose first copies have the name: %s' % seen.fates)
    same(len(seen.records), 2, 'records')
    same(seen.evasions, {'overlapping_fragments': 4}, 'counted')
    same({(record['anomaly']['type'], record['anomaly']['event']) for record in seen.anomalies}, {('decode', 'overlapping_fragments')}, 'recorded')
