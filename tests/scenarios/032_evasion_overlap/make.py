# SPDX-License-Identifier: Apache-2.0
"""Overlapping segments with different bytes: whichever copy a server takes, a name on the list is refused, and it is told."""
from evasion import cut, opened, pairs, part
from support import same, true


def send():
    frames = []
    for number, (service, bad, good, border) in enumerate(pairs()):
        for kind, (early, late) in enumerate(((good, bad), (bad, good))):
            port = 4000 + 10 * number + 3 * kind
            first = bad[:border]
            # The whole rest twice.
            frames += opened(port, service) + [part(port, service, 0, first), part(port, service, border, early[border:]),
                                               part(port, service, border, late[border:])]
            # The second copy begins earlier and ends later.
            port += 1
            frames += opened(port, service) + [part(port, service, 0, first), part(port, service, border, early[border:border + 9]),
                                               part(port, service, border - 3, late[border - 3:])]
            # Both before the first part.
            port += 1
            frames += opened(port, service) + [part(port, service, border, early[border:]), part(port, service, border, late[border:]),
                                               part(port, service, 0, first)]
    return {'access': frames, 'core': []}


def expect(seen):
    ports = sorted({record['src_port'] for record in seen.records})
    wanted = [4000, 4001, 4002, 4003, 4004, 4005, 4010, 4011, 4012, 4013, 4014, 4015]
    # Also with both copies before the beginning: the message of the first ones and that of the later ones are put together side by side.
    same([port for port in wanted if port not in ports], [], 'not refused')
    # After a refusal nothing that comes is compared: it goes nowhere.
    told = sorted({record['src_port'] for record in seen.anomalies})
    true({4000, 4001, 4002, 4005, 4010, 4011, 4012, 4015} <= set(told), 'told: %s' % told)
    same(set(seen.evasions), {'inconsistent_copy'}, 'counted')
    same(sum(seen.evasions.values()), len(seen.anomalies), 'each is recorded')
