# SPDX-License-Identifier: Apache-2.0
"""A session of SMS whose segments come in IP fragments, in whatever order: the listed one is voided, alone, and its response says so. A segment
of its own goes on in the place of the fragment that came last."""
from evasion import HERE, in_fragments, opened, part
from support import CLIENT, SERVER, messages, packets, same, true

FRAUD, FINE = '刷单返利日结,加微信abc12345领取佣金', '您的快递已到'
GOOD = [messages.smpp_submit(number, '10690001', '8613800138000', FINE) for number in (1, 3)]
BAD = messages.smpp_submit(2, '10690001', '8613800138001', FRAUD)
STREAM = GOOD[0] + BAD + GOOD[1]
ORDERS = {4000: lambda parts: parts, 4001: lambda parts: parts[::-1], 4002: lambda parts: parts[1:] + parts[:1],
          4003: lambda parts: parts + parts[-1:]}  # the last one: what came last comes once more
BORDER = 40  # of the message that goes on in the fragments


PARTS = len(in_fragments(4000, 2775, BORDER, STREAM[BORDER:], 64, 10))
FIRST = [in_fragments(port, 2775, BORDER, STREAM[BORDER:], 64, 10 + number)[0] for number, port in enumerate(ORDERS)]


def send():
    frames = []
    for number, (port, order) in enumerate(ORDERS.items()):
        frames += opened(port, 2775) + [part(port, 2775, 0, STREAM[:BORDER])]
        frames += order(in_fragments(port, 2775, BORDER, STREAM[BORDER:], 64, 10 + number))
    answers = b''.join(messages.smpp_response(number, 'id%d' % number) for number in (1, 2, 3))
    return {'access': frames, 'core': [packets.tcp_frame(SERVER, 2775, CLIENT, port, answers, to_core=False, seq=5001, ack=HERE + len(STREAM))
                                       for port in ORDERS]}


def expect(seen):
    for port in ORDERS:
        stream = b''.join(frame.payload for frame in seen.onward if frame.sport == port)
        same([pdu[2] for pdu in messages.smpp_read(stream)], [1, 2, 3], 'sequence numbers from port %d' % port)
        same((stream[:len(GOOD[0])], stream[-len(GOOD[1]):]), tuple(GOOD), 'innocent messages')
        true(FRAUD.encode('utf-16-be')[4:30] not in stream, 'no blocked text is left')
    statuses = [(pdu[2], pdu[1]) for frame in seen.back for pdu in messages.smpp_read(frame.payload)]
    same(statuses, [(1, 0), (2, 0x45), (3, 0)] * len(ORDERS), 'statuses')
    same((seen.fate('neutralised'), seen.fate('restated')), (len(ORDERS), len(ORDERS)), 'fates')
    # Nothing of a fragment leaves behind the first one, and that one never.
    same(len([frame for frame in seen.onward if frame.raw in FIRST]), 0, 'first fragments that left')
    true(seen.fate('dropped_copy') >= 2 * (PARTS - 1), 'fragments that went on as segments')
    same(len(seen.records), len(ORDERS), 'records')
