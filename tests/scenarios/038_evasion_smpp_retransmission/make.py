# SPDX-License-Identifier: Apache-2.0
"""A split SMPP message whose parts come again as other bytes: every copy leaves as the first one did, and it is told."""
from evasion import opened, part
from support import messages, same, true

FRAUD, FINE = '刷单返利日结,加微信abc12345领取佣金', '您的快递已到请到门口取件谢谢您的支持啊啊啊啊'
BAD = messages.smpp_submit(2, '10690001', '8613800138001', FRAUD)
GOOD = messages.smpp_submit(2, '10690001', '8613800138001', (FINE + 30 * ' ')[:len(FRAUD)])
BORDER = 90


def send():
    frames = []
    for port, (early, late) in ((4000, (GOOD, BAD)), (4001, (BAD, GOOD))):
        # Before the message is whole, and when it has left.
        frames += opened(port, 2775) + [part(port, 2775, 0, early[:BORDER]), part(port, 2775, 60, late[60:BORDER]),
                                        part(port, 2775, BORDER, early[BORDER:]), part(port, 2775, 40, late[40:]),
                                        part(port, 2775, 0, late)]
    return {'access': frames, 'core': []}


def expect(seen):
    same(len(BAD), len(GOOD), 'lengths')
    for port, text in ((4000, GOOD), (4001, None)):
        copies = {}
        for frame in seen.onward:
            if frame.sport == port:
                for at, byte in enumerate(frame.payload):
                    copies.setdefault(frame.seq + at, set()).add(byte)
        true(all(len(values) == 1 for values in copies.values()), 'each byte leaves as the same in every copy')
        stream = bytes(values.pop() for _, values in sorted(copies.items()))
        if text:
            same(stream, text, 'the first copy')
        true(FRAUD.encode('utf-16-be')[30:50] not in stream, 'no blocked text is left')
    same(set(seen.evasions), {'inconsistent_copy'}, 'counted')
    true(seen.evasions['inconsistent_copy'] >= 4, 'counted: %s' % seen.evasions)
    same({record['app_proto'] for record in seen.anomalies}, {'smpp'}, 'protocol of the records')
    same([record['src_port'] for record in seen.records], [4001], 'interceptions')
