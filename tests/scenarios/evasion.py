# SPDX-License-Identifier: Apache-2.0
"""What the scenarios of evasion share: connections whose client sends segments of its own choice."""
import struct

from support import CLIENT, SERVER, connection, messages, packets

HERE = 1001  # sequence number of a client's first byte


def opened(port, service):
    return connection(port, service, b'')[:2]


def part(port, service, at, payload, **more):
    return packets.tcp_frame(CLIENT, port, SERVER, service, payload, seq=HERE + at, ack=5001, **more)


def in_fragments(port, service, at, payload, size, identification):
    """The same segment in IP fragments with so many bytes each."""
    segment = packets.tcp(CLIENT, port, SERVER, service, payload, HERE + at, 5001)
    return [packets.ethernet(packets.ip(CLIENT, SERVER, packets.TCP, segment[start:start + size], identification=identification,
                                        flags_offset=(0x2000 if start + size < len(segment) else 0) | start // 8))
            for start in range(0, len(segment), size)]


def with_bad_checksum(frame):
    """A TCP segment over IPv4 that its receiver throws away."""
    return frame[:50] + bytes([frame[50] ^ 0x55, frame[51]]) + frame[52:]


def with_begun_checksum(frame):
    """As a sender gives it to a NIC that is to make the checksum: over the pseudo header alone."""
    segment = frame[34:]
    pseudo = packets.pseudo_header(CLIENT, SERVER, packets.TCP, len(segment))
    return frame[:50] + struct.pack('!H', ~packets.checksum(pseudo) & 0xffff) + frame[52:]


def reset(port, service, at=0, **more):
    return packets.tcp_frame(CLIENT, port, SERVER, service, seq=HERE + at, ack=5001, flags=packets.RST | packets.ACK, **more)


def cut(stream, border):
    return stream[:border], stream[border:]


def pairs():
    """(port of the server, refused message, innocent message of the same length, where to cut before the names differ)."""
    for service, message in ((443, messages.client_hello), (80, messages.http_get)):
        bad, good = message('pay.bad.example'), message('pay.fin.example')
        yield service, bad, good, next(i for i in range(len(bad)) if bad[i] != good[i]) - 2
