# SPDX-License-Identifier: Apache-2.0
"""Resets that do not reach the server, or that it does not take, in the middle of a message: nothing is forgotten for them."""
from evasion import cut, opened, pairs, part, reset, with_bad_checksum
from support import CLIENT, SERVER, messages, packets, same, true

FRAUD = '刷单返利日结,加微信abc12345领取佣金'
PDU = messages.smpp_submit(2, '10690001', '8613800138001', FRAUD)


def send():
    frames = []
    for number, (service, bad, _, border) in enumerate(pairs()):
        for kind, false in enumerate((reset(4000 + 10 * number, service, border, ip_fields={'ttl': 3}),
                                      with_bad_checksum(reset(4001 + 10 * number, service, border)),
                                      reset(4002 + 10 * number, service, 3000000))):
            port = 4000 + 10 * number + kind
            first, rest = cut(bad, border)
            frames += opened(port, service) + [part(port, service, 0, first), false, part(port, service, border, rest)]
    frames += opened(4030, 2775) + [part(4030, 2775, 0, PDU[:40]), reset(4030, 2775, 40, ip_fields={'ttl': 3}), part(4030, 2775, 40, PDU[40:])]
    return {'access': frames, 'core': []}


def expect(seen):
    same((seen.fate('reset'), seen.fate('answered'), seen.fate('neutralised')), (3, 3, 2), 'refused')
    same(seen.evasions, {'data_after_reset': 7}, 'counted')
    same({record['anomaly']['event'] for record in seen.anomalies}, {'data_after_reset'}, 'recorded')
    stream = b''.join(frame.payload for frame in seen.onward if frame.sport == 4030)
    true(FRAUD.encode('utf-16-be')[-20:] not in stream, 'no blocked text is left')
