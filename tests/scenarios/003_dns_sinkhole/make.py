# SPDX-License-Identifier: Apache-2.0
"""By configuration the address of a warning page: A, AAAA; other types get no records, so that nothing leads around it."""
import ipaddress

from support import messages, query, same

BLOCKED = [query('bad.example', 4000), query('bad.example', 4001, qtype=messages.AAAA),
           query('bad.example', 4002, qtype=messages.HTTPS)]


def send():
    return {'access': BLOCKED, 'core': []}


def expect(seen):
    answers = [messages.DnsAnswer(frame.payload) for frame in seen.back]
    same([answer.code for answer in answers], [0, 0, 0], 'codes')
    same([[(kind, ttl, rdata) for kind, ttl, rdata in answer.answers] for answer in answers],
         [[(1, 30, ipaddress.ip_address('192.0.2.99').packed)], [(28, 30, ipaddress.ip_address('2001:db8::99').packed)], []],
         'records')
