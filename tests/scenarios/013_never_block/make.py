# SPDX-License-Identifier: Apache-2.0
"""Emergency and anti-fraud numbers are reached whatever a list says, and their own calls come through."""
from support import messages, sip

CALLS = [messages.sip_request('INVITE', '+8613900000000', '110', 'c1'), messages.sip_request('INVITE', '96110', '+8613800138000', 'c2'),
         messages.sip_request('INVITE', '+8613900000000', '120', 'c3'),
         # Even from a number that is blocked, the police can be called.
         messages.sip_request('INVITE', '+8617000000001', '110', 'c4')]


def send():
    return {'access': [sip(call) for call in CALLS], 'core': []}


def expect(seen):
    seen.untouched()
