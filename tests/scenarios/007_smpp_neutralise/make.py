# SPDX-License-Identifier: Apache-2.0
"""One message of a session is voided in place and its response says the refusal; every byte of its neighbours, and every sequence
number, stays. Three PDUs in one segment: only the middle one changes."""
from support import CLIENT, SERVER, messages, packets, same, true

FRAUD = '刷单返利日结,加微信abc12345领取佣金'
GOOD = [messages.smpp_submit(1, '10690001', '8613800138000', '您的快递已到'),
        messages.smpp_submit(3, '10690001', '8613800138002', 'See you at six', coding=1)]
BAD = [messages.smpp_submit(2, '10690001', '8613800138001', FRAUD),
       messages.smpp_submit(4, '10690001', '8613800138003', FRAUD, payload_tlv=True),
       messages.smpp_submit(5, '10690001', '447012345678', 'called number is blocked', coding=1)]
JOINED = GOOD[0] + BAD[0] + GOOD[1]


def segment(payload, seq, to_core=True, ack=7000):
    if to_core:
        return packets.tcp_frame(CLIENT, 4000, SERVER, 2775, payload, seq=seq, ack=ack)
    return packets.tcp_frame(SERVER, 2775, CLIENT, 4000, payload, to_core=False, seq=seq, ack=ack)


def send():
    up = [segment(JOINED, 1000), segment(BAD[1], 1000 + len(JOINED)), segment(BAD[2], 1000 + len(JOINED) + len(BAD[1]))]
    # The centre takes them all, and its stack puts the first three responses into one segment; the last is sent twice.
    first = b''.join(messages.smpp_response(number, 'id%d' % number) for number in (1, 2, 3))
    rest = [messages.smpp_response(number, 'id%d' % number) for number in (4, 5)]
    down = [segment(first, 7000, False), segment(rest[0], 7000 + len(first), False),
            segment(rest[1], 7000 + len(first) + len(rest[0]), False)]
    return {'access': up, 'core': down + [down[-1]]}


def expect(seen):
    same([len(frame.raw) for frame in seen.onward], [len(raw) for raw in seen.sent['access']], 'lengths to the centre')
    stream = b''.join(frame.payload for frame in seen.onward)
    pdus = messages.smpp_read(stream)
    same([pdu[2] for pdu in pdus], [1, 2, 3, 4, 5], 'sequence numbers')
    same(stream[:len(GOOD[0])], GOOD[0], 'the first message')
    same(stream[len(GOOD[0]) + len(BAD[0]):len(JOINED)], GOOD[1], 'the third message')
    true(FRAUD.encode('utf-16-be') not in stream and b'called number is blocked' not in stream, 'no blocked text is left')
    for number in (b'8613800138001', b'8613800138003', b'447012345678'):
        true(number not in stream, 'no blocked recipient is left')
    answers = [pdu for frame in seen.back for pdu in messages.smpp_read(frame.payload)]
    same([(pdu[2], pdu[1]) for pdu in answers], [(1, 0), (2, 0x45), (3, 0), (4, 0x45), (5, 0x0b), (5, 0x0b)], 'statuses')
    same([len(frame.raw) for frame in seen.back], [len(raw) for raw in seen.sent['core']], 'lengths to the sender')
    same((seen.fate('neutralised'), seen.fate('restated')), (3, 4), 'fates')
    same(len(seen.records), 3, 'records')
    true('13800138001' not in str(seen.records), 'numbers in records are masked')
    true(FRAUD[:6] not in str([record.get('sms') for record in seen.records]), 'bodies are not in records')
