# SPDX-License-Identifier: Apache-2.0
"""The same by configuration as REFUSED."""
from support import messages, query, same

BLOCKED = [query('www.bad.example', 4000), query('bad.example', 4001, qtype=messages.AAAA)]


def send():
    return {'access': BLOCKED, 'core': []}


def expect(seen):
    same(seen.onward, [], 'frames to the core')
    same([messages.DnsAnswer(frame.payload).code for frame in seen.back], [5, 5], 'codes')
    same([messages.DnsAnswer(frame.payload).extended_errors for frame in seen.back], [[15], [15]], 'extended errors')
