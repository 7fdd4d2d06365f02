# SPDX-License-Identifier: Apache-2.0
"""One byte in each segment: TLS, HTTP and SMPP, the last with an innocent message behind that must arrive whole."""
from evasion import opened, pairs, part
from support import messages, same, true

FRAUD = '刷单返利日结,加微信abc12345领取佣金'
STREAM = messages.smpp_submit(1, '10690001', '8613800138001', FRAUD) + messages.smpp_submit(2, '10690001', '8613800138000', '您的快递已到')


def send():
    frames = []
    for number, (service, bad, good, _) in enumerate(pairs()):
        for port, stream in ((4000 + number, bad), (4010 + number, good)):
            frames += opened(port, service) + [part(port, service, at, stream[at:at + 1]) for at in range(len(stream))]
    frames += opened(4020, 2775) + [part(4020, 2775, at, STREAM[at:at + 1]) for at in range(len(STREAM))]
    return {'access': frames, 'core': []}


def expect(seen):
    same((seen.fate('reset'), seen.fate('answered')), (1, 1), 'refused')
    same(sorted(record['src_port'] for record in seen.records), [4000, 4001, 4020], 'records')
    for number, (_, _, good, _) in enumerate(pairs()):
        same(b''.join(frame.payload for frame in seen.onward if frame.sport == 4010 + number), good, 'an innocent message')
    pdus = messages.smpp_read(b''.join(frame.payload for frame in seen.onward if frame.sport == 4020))
    same([pdu[2] for pdu in pdus], [1, 2], 'sequence numbers')
    true(FRAUD.encode('utf-16-be') not in pdus[0][3], 'the blocked text is gone')
    true('您的快递已到'.encode('utf-16-be') in pdus[1][3], 'the innocent text is there')
    same(seen.evasions, {}, 'nothing is odd in it')
