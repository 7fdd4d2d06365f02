# SPDX-License-Identifier: Apache-2.0
"""A request to a blocked site is answered 302 to the warning page, with the server's next sequence number and FIN; the server is
reset, and once more when it still sends; what comes on the dead connection is dropped. Another connection goes on."""
from support import CLIENT, SERVER, connection, messages, packets, same, true

BAD = messages.http_get('www.bad.example', '/login')
GOOD = messages.http_get('www.fine.example', '/')
PAGE = b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'


def send():
    late = packets.tcp_frame(SERVER, 80, CLIENT, 4000, PAGE, to_core=False, seq=5001, ack=1001 + len(BAD))
    other = packets.tcp_frame(SERVER, 80, CLIENT, 4001, PAGE, to_core=False, seq=5001, ack=1001 + len(GOOD))
    return {'access': connection(4000, 80, BAD) + connection(4001, 80, GOOD), 'core': [late, other]}


def expect(seen):
    sent = seen.sent
    same(len(seen.made_back), 1, 'answers')
    answer = seen.made_back[0]
    true(answer.payload.startswith(b'HTTP/1.1 302 '), 'a redirect')
    true(b'\r\nLocation: https://warning.example/' in answer.payload, 'to the warning page')
    same((answer.source, answer.sport, answer.dport), (SERVER, 80, 4000), 'in the name of the server')
    same((answer.seq, answer.ack), (5001, 1001 + len(BAD)), 'sequence numbers of the answer')
    true(answer.flags & packets.FIN, 'FIN on the answer')
    same(len(seen.made_onward), 2, 'resets to the server')
    first, again = seen.made_onward
    true(first.flags & again.flags & packets.RST, 'resets')
    same((first.source, first.sport, first.seq), (CLIENT, 4000, 1001), 'the reset is what the server expects next')
    same((again.source, again.sport, again.seq), (CLIENT, 4000, 1001 + len(BAD)), 'and by what it acknowledges')
    same([frame.raw for frame in seen.onward if frame.raw in sent['access']],
         [sent['access'][0], sent['access'][1]] + sent['access'][3:], 'frames to the core')
    same([frame.raw for frame in seen.back if frame.raw in sent['core']], [sent['core'][1]], 'the late segment is dropped')
    same((seen.fate('answered'), seen.fate('dropped_dead_connection')), (1, 1), 'fates')
    same(seen.records[0]['http']['hostname'], 'www.bad.example', 'host of the record')
