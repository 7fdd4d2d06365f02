# SPDX-License-Identifier: Apache-2.0
"""Frames and capture files without any library: what the demo and the scenarios send, and how they read what came back.

Builders return bytes with every length and checksum right. read_frame() is the other way round and checks them, so that a
scenario can assert on what the daemon sent.
"""
import ipaddress
import struct

ACCESS_MAC = bytes.fromhex('020000000001')
CORE_MAC = bytes.fromhex('020000000002')
TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo_header(source, destination, protocol, length):
    source, destination = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    if len(source) == 4:
        return source + destination + struct.pack('!BBH', 0, protocol, length)
    return source + destination + struct.pack('!IHBB', length, 0, 0, protocol)


def ip(source, destination, protocol, payload, ttl=64, dscp=0, identification=1, flags_offset=0x4000, options=b'',
       extensions=b'', next_header=None):
    """An IPv4 or IPv6 packet, by the form of its addresses. `extensions`: IPv6 extension headers, ready made;
    `next_header` then names the first of them."""
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if source.version == 6:
        first = struct.pack('!IHBB', 6 << 28 | dscp << 22, len(extensions) + len(payload),
                            protocol if next_header is None else next_header, ttl)
        return first + source.packed + destination.packed + extensions + payload
    words = 5 + len(options) // 4
    header = struct.pack('!BBHHHBBH', 4 << 4 | words, dscp << 2, 4 * words + len(payload), identification, flags_offset,
                         ttl, protocol, 0) + source.packed + destination.packed + options
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + payload


def udp(source, sport, destination, dport, payload):
    segment = struct.pack('!HHHH', sport, dport, 8 + len(payload), 0) + payload
    value = checksum(pseudo_header(source, destination, UDP, len(segment)) + segment) or 0xffff
    return segment[:6] + struct.pack('!H', value) + segment[8:]


def tcp(source, sport, destination, dport, payload=b'', seq=1, ack=1, flags=PSH | ACK, window=64240, options=b''):
    words = 5 + len(options) // 4
    segment = struct.pack('!HHIIBBHHH', sport, dport, seq, ack, words << 4, flags, window, 0, 0) + options + payload
    value = checksum(pseudo_header(source, destination, TCP, len(segment)) + segment)
    return segment[:16] + struct.pack('!H', value) + segment[18:]


def ethernet(packet, vlans=(), to_core=True, kind=None):
    """`vlans`: outermost first; more than one is QinQ (IEEE 802.1ad outside)."""
    head = CORE_MAC + ACCESS_MAC if to_core else ACCESS_MAC + CORE_MAC
    for index, vlan in enumerate(vlans):
        head += struct.pack('!HH', 0x88a8 if index == 0 and len(vlans) > 1 else 0x8100, vlan)
    if kind is None:
        kind = 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    return head + struct.pack('!H', kind) + packet


def udp_frame(source, sport, destination, dport, payload, vlans=(), to_core=True, **ip_fields):
    return ethernet(ip(source, destination, UDP, udp(source, sport, destination, dport, payload), **ip_fields), vlans,
                    to_core)


def tcp_frame(source, sport, destination, dport, payload=b'', vlans=(), to_core=True, ip_fields=None, **tcp_fields):
    segment = tcp(source, sport, destination, dport, payload, **tcp_fields)
    return ethernet(ip(source, destination, TCP, segment, **(ip_fields or {})), vlans, to_core)


class Frame:
    """A frame as read back. `problems` is empty when every length and checksum is right."""

    def __init__(self):
        self.raw = self.payload = b''
        self.vlans, self.problems = [], []
        self.source = self.destination = None
        self.sport = self.dport = self.protocol = self.version = None
        self.seq = self.ack = self.flags = self.dscp = self.ttl = None
        self.macs = b''


def read_frame(raw):
    frame = Frame()
    frame.raw, frame.macs = raw, raw[:12]
    at, kind = 14, struct.unpack_from('!H', raw, 12)[0]
    while kind in (0x8100, 0x88a8) and len(raw) - at >= 4:
        tag, kind = struct.unpack_from('!HH', raw, at)
        frame.vlans.append(tag & 0xfff)
        at += 4
    if kind == 0x0800 and len(raw) - at >= 20:
        _read_ipv4(frame, raw[at:])
    elif kind == 0x86dd and len(raw) - at >= 40:
        _read_ipv6(frame, raw[at:])
    return frame


def _read_ipv4(frame, packet):
    first, traffic, total, _, fragment, frame.ttl, frame.protocol = struct.unpack_from('!BBHHHBB', packet)
    header = (first & 15) * 4
    frame.version, frame.dscp = 4, traffic >> 2
    frame.source, frame.destination = (str(ipaddress.ip_address(packet[at:at + 4])) for at in (12, 16))
    if checksum(packet[:header]):
        frame.problems.append('IPv4 header checksum')
    if total > len(packet):
        frame.problems.append('IPv4 total length')
    if not fragment & 0x3fff:
        _read_transport(frame, packet[header:total])


def _read_ipv6(frame, packet):
    first, length, frame.protocol, frame.ttl = struct.unpack_from('!IHBB', packet)
    frame.version, frame.dscp = 6, first >> 22 & 0x3f
    frame.source, frame.destination = (str(ipaddress.ip_address(packet[at:at + 16])) for at in (8, 24))
    if length + 40 > len(packet):
        frame.problems.append('IPv6 payload length')
    rest = packet[40:40 + length]
    while frame.protocol in (0, 43, 60) and len(rest) >= 8:  # hop-by-hop, routing, destination options
        frame.protocol, rest = rest[0], rest[8 + rest[1] * 8:]
    _read_transport(frame, rest)


def _read_transport(frame, segment):
    if frame.protocol not in (TCP, UDP) or len(segment) < (20 if frame.protocol == TCP else 8):
        return
    if checksum(pseudo_header(frame.source, frame.destination, frame.protocol, len(segment)) + segment):
        frame.problems.append('transport checksum')
    frame.sport, frame.dport = struct.unpack_from('!HH', segment)
    if frame.protocol == UDP:
        if struct.unpack_from('!H', segment, 4)[0] != len(segment):
            frame.problems.append('UDP length')
        frame.payload = segment[8:]
        return
    frame.seq, frame.ack, words, frame.flags = struct.unpack_from('!IIBB', segment, 4)
    frame.payload = segment[(words >> 4) * 4:]


def pcap_header():
    return struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)


def pcap_record(raw, seconds=0, microseconds=0):
    return struct.pack('<IIII', seconds, microseconds, len(raw), len(raw)) + raw


def write_pcap(path, frames, interval_us=100):
    with open(path, 'wb') as out:
        out.write(pcap_header())
        for index, raw in enumerate(frames):
            seconds, rest = divmod(index * interval_us, 1000000)
            out.write(pcap_record(raw, 1767225600 + seconds, rest))  # a fixed day: the same input gives the same file


def read_pcap(path):
    """The frames of a little-endian pcap file, also of one that is still being written."""
    with open(path, 'rb') as source:
        data = source.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from('<I', data, at + 8)[0]
        if at + 16 + length > len(data):
            break
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames
