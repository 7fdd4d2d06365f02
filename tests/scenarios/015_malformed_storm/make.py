# SPDX-License-Identifier: Apache-2.0
"""Thousands of damaged messages of every protocol: cut anywhere, bytes changed anywhere. None of them is on a list, so each leaves as
it came, in order: what can't be read is nobody's reason to lose it. Of an SMPP session the part that is decided may go ahead of a
message that is not whole. (The seed is fixed.)"""
import random

from support import CLIENT, SERVER, messages, packets, same, true

SAMPLES = [(53, messages.dns_query('fine.example')), (53, messages.dns_query(['a.example', 'b.example'])),
           (5060, messages.sip_request('INVITE', '+8613900000000', '+8613800138000', 'c1')),
           (5060, messages.sip_request('MESSAGE', '+8613900000000', '+8613800138000', 'c2', body='hi', kind='text/plain')),
           (80, messages.http_get('fine.example')), (443, messages.client_hello('fine.example')),
           (2775, messages.smpp_submit(1, '1069', '8613800138000', '您好') + messages.smpp_response(9)),
           (2775, messages.smpp_submit(2, '1069', '8613800138000', 'x' * 200, coding=0, payload_tlv=True))]


def send():
    source = random.Random(42)
    frames = []
    for number in range(6000):
        port, payload = SAMPLES[number % len(SAMPLES)]
        payload = bytearray(payload)
        for _ in range(source.randrange(1, 6)):
            payload[source.randrange(len(payload))] = source.randrange(256)
        if source.random() < 0.5:
            del payload[source.randrange(1, len(payload)):]
        wrap = packets.udp_frame if port in (53, 5060) else packets.tcp_frame
        raw = bytearray(wrap(CLIENT, 1024 + number, SERVER, port, bytes(payload)))
        if source.random() < 0.2:
            raw[source.randrange(12, min(60, len(raw)))] = source.randrange(256)
        if source.random() < 0.05:
            del raw[source.randrange(14, len(raw)):]
        frames.append(bytes(raw))
    return {'access': frames, 'core': []}


def expect(seen):
    true(seen.fate('forwarded_malformed') > 100, 'many are malformed')
    true(seen.fate('forwarded_inspected') > 100, 'many are not')
    seen.untouched_but_cut({2775})
    same(seen.records, [], 'interceptions')
