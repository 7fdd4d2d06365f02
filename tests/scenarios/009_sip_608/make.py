# SPDX-License-Identifier: Apache-2.0
"""The same by configuration as 608 Rejected (RFC 8688)."""
import sip_reply
from support import messages, same, sip

BAD = messages.sip_request('INVITE', '+8617000000001', '+8613800138000', 'bad1')


def send():
    return {'access': [sip(BAD)], 'core': []}


def expect(seen):
    same(seen.onward, [], 'requests to the core')
    sip_reply.check(BAD, seen.back[0].payload, 608)
