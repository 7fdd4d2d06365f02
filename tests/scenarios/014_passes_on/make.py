# SPDX-License-Identifier: Apache-2.0
"""What can't be read goes on untouched and is counted by its name: ARP, ICMP, fragments, unknown payloads, broken headers, a
message that continues in the next packet. Both directions."""
from support import CLIENT, SERVER, connection, messages, packets, query, same

HELLO = messages.client_hello('bad.example')
ARP = packets.ethernet(bytes.fromhex('0001080006040001020000000001') + bytes(32), kind=0x0806)
ICMP = packets.ethernet(packets.ip(CLIENT, SERVER, 1, b'\x08\x00\xf7\xff\x00\x00\x00\x00'))
FIRST = packets.ethernet(packets.ip(CLIENT, SERVER, 17, packets.udp(CLIENT, 4000, SERVER, 53, messages.dns_query('bad.example'))[:24],
                                    flags_offset=0x2000))
LAST = packets.ethernet(packets.ip(CLIENT, SERVER, 17, bytes(16), flags_offset=3))
NOISE = packets.udp_frame(CLIENT, 4001, SERVER, 4001, b'\xde\xad\xbe\xef' * 20)
SHORT = query('bad.example')[:-20]  # the IP length says more than there is: read as far as it goes, and the question is cut
HALF = packets.tcp_frame(CLIENT, 4002, SERVER, 443, HELLO[:60], seq=1001, ack=5001)
BROKEN = packets.udp_frame(CLIENT, 4003, SERVER, 53, b'\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x3fxx')
EXTENDED = packets.ethernet(packets.ip('2001:db8:1::1', '2001:db8:2::1', 17,
                                       packets.udp('2001:db8:1::1', 4004, '2001:db8:2::1', 53, messages.dns_query('fine.example')),
                                       extensions=bytes([17, 0, 1, 4, 0, 0, 0, 0]), next_header=60))
OPTIONS = packets.udp_frame(CLIENT, 4005, SERVER, 53, messages.dns_query('fine.example'), options=b'\x94\x04\x00\x00')


def send():
    empty = connection(4006, 80, b'x')[:2]
    return {'access': [ARP, ICMP, FIRST, LAST, NOISE, SHORT, HALF, BROKEN, EXTENDED, OPTIONS] + empty, 'core': [ARP, ICMP, NOISE]}


def expect(seen):
    seen.untouched()
    same({name: count for name, count in seen.fates.items() if count},
         {'forwarded_unknown_link': 2, 'forwarded_unknown_transport': 2, 'forwarded_fragment': 2, 'forwarded_not_recognised': 2,
          'forwarded_need_more': 1, 'forwarded_malformed': 2, 'forwarded_inspected': 2,
          'forwarded_no_payload': 2}, 'fates')
    same(seen.records, [], 'records')
