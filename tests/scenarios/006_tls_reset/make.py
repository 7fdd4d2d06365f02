# SPDX-License-Identifier: Apache-2.0
"""A ClientHello for a blocked name resets both sides, each with the sequence number it expects next."""
from support import CLIENT, SERVER, connection, messages, packets, same, true

BAD = messages.client_hello('pay.bad.example')
GOOD = messages.client_hello('pay.fine.example')


def send():
    late = packets.tcp_frame(SERVER, 443, CLIENT, 4000, to_core=False, seq=5001, ack=1001 + len(BAD), flags=packets.ACK)
    return {'access': connection(4000, 443, BAD) + connection(4001, 8443, GOOD), 'core': [late]}


def expect(seen):
    same(len(seen.made_back), 1, 'resets to the client')
    same(len(seen.made_onward), 1, 'resets to the server')
    client, server = seen.made_back[0], seen.made_onward[0]
    true(client.flags & packets.RST and server.flags & packets.RST, 'both are resets')
    same((client.source, client.sport, client.dport, client.seq), (SERVER, 443, 4000, 5001), 'reset to the client')
    same((server.source, server.sport, server.dport, server.seq), (CLIENT, 4000, 443, 1001), 'reset to the server')
    same((seen.fate('reset'), seen.fate('dropped_dead_connection')), (1, 1), 'fates')
    same(len(seen.onward), 6, 'two connections without one hello, and the reset')
    same(seen.records[0]['tls']['sni'], 'pay.bad.example', 'name of the record')
