# SPDX-License-Identifier: Apache-2.0
"""Innocent bytes with a wrong checksum, or one that only a NIC would finish, in place of the name: the server never takes them."""
from evasion import cut, opened, pairs, part, with_bad_checksum, with_begun_checksum
from support import same, true

SPOILERS = (with_bad_checksum, with_begun_checksum)


def send():
    frames = []
    for number, (service, bad, good, border) in enumerate(pairs()):
        for spoiler, spoil in enumerate(SPOILERS):
            port = 4000 + 10 * number + spoiler
            first, rest = cut(bad, border)
            frames += opened(port, service) + [part(port, service, 0, first), spoil(part(port, service, border, good[border:])),
                                               part(port, service, border, rest)]
    return {'access': frames, 'core': []}


def expect(seen):
    same((seen.fate('reset'), seen.fate('answered')), (2, 2), 'refused')
    same(seen.fate('forwarded_bad_checksum'), 4, 'decoys go on: they harm nobody')
    same(seen.evasions, {'bad_checksum': 4}, 'counted')
    same([record['anomaly'] for record in seen.anomalies], 4 * [{'type': 'decode', 'event': 'bad_checksum'}], 'recorded')
    same(sorted({record['src_port'] for record in seen.anomalies}), [4000, 4001, 4010, 4011], 'ends of the decoys')
    true(all(record['telefence']['fate'] == 'forwarded_bad_checksum' for record in seen.anomalies), 'fates of the decoys')
    same(len(seen.records), 4, 'interceptions')
