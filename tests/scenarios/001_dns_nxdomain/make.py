# SPDX-License-Identifier: Apache-2.0
"""A blocked name is answered NXDOMAIN in the server's name; the query goes nowhere. Innocent ones go on untouched. Where a name below
the blocked one is allowed, NXDOMAIN would deny that too (RFC 8020): the blocked one then only has no data."""
from support import CLIENT, CLIENT6, SERVER, SERVER6, messages, packets, query, same, true

HAS_ALLOWED_BELOW = 4019
INNOCENT = [query('www.fine.example', 4001), query('notbad.example', 4002), query('bad.example.org', 4003),
            query(['one.example', 'two.example'], 4004)]
BLOCKED = [query('worse.example', 4010), query('WwW.wOrSe.ExAmPlE', 4011), query('a.b.c.worse.example', 4012, qtype=messages.AAAA),
           query('worse.example', 4013, qtype=messages.HTTPS), query('worse.example', 4014, edns=False),
           query('worse.example', 4015, vlans=(100,)), query('worse.example', 4016, vlans=(200, 300)),
           query('worse.example', 4017, source=CLIENT6, destination=SERVER6), query(['fine.example', 'worse.example'], 4018),
           query('bad.example', HAS_ALLOWED_BELOW), query('www.bad.example', 4020)]


def send():
    return {'access': INNOCENT + BLOCKED, 'core': []}


def expect(seen):
    same([frame.raw for frame in seen.onward], INNOCENT, 'frames to the core')
    same(len(seen.back), len(BLOCKED), 'answers')
    for asked_raw, reply in zip(BLOCKED, seen.back):
        asked = packets.read_frame(asked_raw)
        answer, question = messages.DnsAnswer(reply.payload), asked.payload
        what = 'answer to port %d' % asked.sport
        code = 0 if asked.sport == HAS_ALLOWED_BELOW else 3
        true(answer.is_reply and answer.code == code and not answer.answers, what + ': NXDOMAIN, or no data, without records')
        same(answer.identification, 0x1234, what + ': identification')
        same(b''.join(answer.questions), question[12:12 + len(b''.join(answer.questions))], what + ': question with its case')
        same((reply.source, reply.sport, reply.destination, reply.dport),
             (asked.destination, 53, asked.source, asked.sport), what + ': addresses')
        same(reply.macs, asked_raw[6:12] + asked_raw[:6], what + ': MAC addresses')
        same(reply.vlans, asked.vlans, what + ': VLANs')
        same(answer.has_edns, asked.sport != 4014, what + ': EDNS only when asked with it')
        same(answer.extended_errors, [16] if answer.has_edns else [], what + ': extended error')
    same(seen.fate('answered'), len(BLOCKED), 'fate answered')
    same(len(seen.records), len(BLOCKED), 'records')
    true(all(record['alert']['action'] == 'blocked' for record in seen.records), 'records say blocked')
    same({CLIENT, CLIENT6}, {record['src_ip'] for record in seen.records}, 'source addresses of records')
    same({SERVER, SERVER6}, {record['dest_ip'] for record in seen.records}, 'destination addresses of records')
