# SPDX-License-Identifier: Apache-2.0
"""Frames as long as jumbo frames, and as long as a NIC or a kernel makes of many (TSO, GRO): of hundreds of messages in one only the listed
ones are voided, and of their responses, which come in one as well, only those say so."""
from support import CLIENT, SERVER, messages, packets, same, true

FRAUD, FINE = '刷单返利日结,加微信abc12345领取佣金', '您的快递已到'
SIZES = {4000: 8900, 4001: 64000}  # of the segment, by the client's port


def numbers(port):
    each = len(messages.smpp_submit(1, '10690001', '8613800138000', FINE))
    return range(1, SIZES[port] // each)


def is_listed(number):
    return number % 61 == 7


def submit(number):
    return messages.smpp_submit(number, '10690001', '8613800138000', FRAUD if is_listed(number) else FINE)


def stream(port):
    return b''.join(submit(number) for number in numbers(port))


def send():
    up, down = [], []
    for port in SIZES:
        up.append(packets.tcp_frame(CLIENT, port, SERVER, 2775, stream(port), seq=1000, ack=7000))
        answers = b''.join(messages.smpp_response(number, 'id%d' % number) for number in numbers(port))
        down.append(packets.tcp_frame(SERVER, 2775, CLIENT, port, answers, to_core=False, seq=7000, ack=1000 + len(stream(port))))
    return {'access': up, 'core': down}


def expect(seen):
    same([len(frame.raw) for frame in seen.onward], [len(raw) for raw in seen.sent['access']], 'lengths to the centre')
    same([problem for frame in seen.onward + seen.back for problem in frame.problems], [], 'lengths and checksums')
    for frame in seen.onward:
        sent, at = stream(frame.sport), 0
        true(len(sent) > SIZES[frame.sport] * 9 // 10, 'it is as long as it is to be')
        for number in numbers(frame.sport):
            message = submit(number)
            same(frame.payload[at:at + len(message)] == message, not is_listed(number), 'message %d is as it was sent' % number)
            at += len(message)
    true(FRAUD.encode('utf-16-be') not in b''.join(frame.payload for frame in seen.onward), 'no blocked text is left')
    listed = 0
    for frame in seen.back:
        for _, status, number in (pdu[:3] for pdu in messages.smpp_read(frame.payload)):
            same(status, 0x45 if is_listed(number) else 0, 'status of message %d' % number)
            listed += is_listed(number)
    same(listed, sum(map(is_listed, [*numbers(4000), *numbers(4001)])), 'listed messages')
    same((seen.fate('neutralised'), seen.fate('restated')), (2, 2), 'fates')
    same(len(seen.records), listed, 'records')
