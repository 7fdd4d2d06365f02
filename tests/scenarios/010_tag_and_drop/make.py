# SPDX-License-Identifier: Apache-2.0
"""A list whose action is `tag` marks the packet's DSCP and lets it go on, with the right checksum; one whose action is `drop`
takes it away without a word."""
from support import CLIENT6, SERVER6, connection, messages, query, same

TAGGED = [query('www.tagged.example', 4000), query('tagged.example', 4001, source=CLIENT6, destination=SERVER6),
          query('tagged.example', 4002, vlans=(7,))]
DROPPED = [query('dropped.example', 4003)]
GOOD = [query('fine.example', 4004)]


def send():
    return {'access': TAGGED + DROPPED + GOOD + connection(4005, 443, messages.client_hello('tagged.example')), 'core': []}


def expect(seen):
    same(seen.back, [], 'frames to the subscribers')
    same([frame.dscp for frame in seen.onward], [8, 8, 8, 0, 0, 0, 8], 'DSCP')
    same([frame.payload for frame in seen.onward[:3]], [packets_payload(raw) for raw in TAGGED], 'the rest of the packet')
    same((seen.fate('tagged'), seen.fate('dropped_by_verdict')), (4, 1), 'fates')


def packets_payload(raw):
    from support import packets
    return packets.read_frame(raw).payload
