# SPDX-License-Identifier: Apache-2.0
"""A refused text behind so much innocent one that a filter may stop reading: a message_payload of 40,000 octets."""
from evasion import opened, part
from support import messages, same, true

FRAUD = '刷单返利日结,加微信abc12345领取佣金'


def pdu(sequence, text):
    return messages.smpp_submit(sequence, '10690001', '8613800138001', text, payload_tlv=True)


def send():
    frames = []
    for port, text in ((4000, '好' * 5000 + FRAUD), (4001, '好' * (20000 - len(FRAUD)) + FRAUD), (4002, '好' * 20000)):
        stream = pdu(1, text)
        frames += opened(port, 2775) + [part(port, 2775, at, stream[at:at + 1400]) for at in range(0, len(stream), 1400)]
    return {'access': frames, 'core': []}


def expect(seen):
    same(sorted(record['src_port'] for record in seen.records), [4000, 4001], 'refused')
    for port in (4000, 4001):
        stream = b''.join(frame.payload for frame in seen.onward if frame.sport == port)
        true(FRAUD.encode('utf-16-be') not in stream, 'the blocked text is gone')
    same(b''.join(frame.payload for frame in seen.onward if frame.sport == 4002), pdu(1, '好' * 20000), 'an innocent one')
    same(seen.evasions, {}, 'nothing is odd in it')
