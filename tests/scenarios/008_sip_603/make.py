# SPDX-License-Identifier: Apache-2.0
"""A blocked INVITE is answered 603 with the caller's own dialog headers; a retransmission gets the same answer and counts once.
Innocent calls and MESSAGEs go on. (That the ACK is absorbed needs a caller who reads the answer: tests/live.)"""
import sip_reply
from support import messages, same, sip

BAD = messages.sip_request('INVITE', '+8617000000001', '+8613800138000', 'bad1')
ABROAD = messages.sip_request('INVITE', '+447012345678', '+8613800138000', 'bad2')
COMPACT = messages.sip_request('INVITE', '+8617000000001', '+8613800138000', 'bad3').replace(b'Via:', b'v:') \
    .replace(b'From:', b'f:').replace(b'To:', b't:').replace(b'Call-ID:', b'i:').replace(b'Content-Length:', b'l:')
ASSERTED = messages.sip_request('INVITE', 'anonymous', '+8613800138000', 'bad4',
                                more='P-Asserted-Identity: <tel:+8617000000001>')
GOOD = [messages.sip_request('INVITE', '+8613900000000', '+8613800138000', 'good1'),
        messages.sip_request('MESSAGE', '+8613900000000', '+8613800138000', 'good2', body='hello', kind='text/plain'),
        messages.sip_request('OPTIONS', '+8617000000001', '+8613800138000', 'good3')]


def send():
    return {'access': [sip(payload) for payload in [BAD, BAD, ABROAD, COMPACT, ASSERTED] + GOOD], 'core': []}


def expect(seen):
    same([frame.payload for frame in seen.onward], GOOD, 'requests to the core')
    same(len(seen.back), 5, 'answers')
    same(seen.back[0].payload, seen.back[1].payload, 'a retransmission gets the same answer')
    for request, frame in zip([BAD, BAD, ABROAD, COMPACT, ASSERTED], seen.back):
        sip_reply.check(request, frame.payload, 603)
        same(frame.dport, 5060, 'port of the answer')
    same(seen.fate('answered'), 5, 'fate answered')
    same(len(seen.records), 4, 'records: the retransmission is no event of its own')
