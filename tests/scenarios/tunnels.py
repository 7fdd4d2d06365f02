# SPDX-License-Identifier: Apache-2.0
"""Tunnels around packets, and a reader of them that shares nothing with src/decode/. Every length and checksum that is written is
right; those that are read are checked."""
import struct

from support import packets

NEAR, FAR = '172.16.0.1', '172.16.9.2'  # a base station, an access node, a branch; the core's end
NEAR6, FAR6 = '2001:db8:16::1', '2001:db8:16::2'
GTP_U, VXLAN = 2152, 4789
GRE, MPLS, PPPOE = 47, 0x8847, 0x8864
PDU_SESSION = 0x85


def _ends(to_core, v6):
    near, far = (NEAR6, FAR6) if v6 else (NEAR, FAR)
    return (near, far) if to_core else (far, near)


def _over_udp(payload, port, to_core, v6, source_port):
    source, destination = _ends(to_core, v6)
    datagram = packets.udp(source, source_port, destination, port, payload)
    return packets.ethernet(packets.ip(source, destination, packets.UDP, datagram), to_core=to_core)


def gtp_u(packet, teid, to_core=True, v6=False, flow=None):
    """3GPP TS 29.281. `flow`: the QFI of a PDU session container (TS 38.415), as 5G base stations send it."""
    options = b''
    if flow is not None:
        options = struct.pack('!HBB', 0, 0, PDU_SESSION) + bytes([1, 0x10 if to_core else 0, flow, 0])
    head = struct.pack('!BBHI', 0x34 if options else 0x30, 255, len(options) + len(packet), teid)
    return _over_udp(head + options + packet, GTP_U, to_core, v6, GTP_U)


def vxlan(packet, network, to_core=True, v6=False):
    """RFC 7348. The source port depends on the direction, as real ones do."""
    inner = packets.ethernet(packet, to_core=to_core)
    return _over_udp(struct.pack('!II', 0x08000000, network << 8) + inner, VXLAN, to_core, v6, 50000 if to_core else 60000)


def gre(packet, key=None, to_core=True, v6=False):
    """RFC 2784 with checksum, RFC 2890 with key."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    flags = 0x8000 | (0x2000 if key is not None else 0)
    rest = (struct.pack('!I', key) if key is not None else b'') + packet
    value = packets.checksum(struct.pack('!HHHH', flags, kind, 0, 0) + rest)
    source, destination = _ends(to_core, v6)
    return packets.ethernet(packets.ip(source, destination, GRE, struct.pack('!HHHH', flags, kind, value, 0) + rest), to_core=to_core)


def ip_in_ip(packet, to_core=True, v6=False):
    source, destination = _ends(to_core, v6)
    return packets.ethernet(packets.ip(source, destination, 4 if packet[0] >> 4 == 4 else 41, packet), to_core=to_core)


def mpls(packet, labels, to_core=True):
    stack = b''.join(struct.pack('!I', label << 12 | (0x100 if label == labels[-1] else 0) | 60) for label in labels)
    return packets.ethernet(stack + packet, to_core=to_core, kind=MPLS)


def pppoe(packet, session, to_core=True):
    protocol = 0x0021 if packet[0] >> 4 == 4 else 0x0057
    return packets.ethernet(struct.pack('!BBHHH', 0x11, 0, session, 2 + len(packet), protocol) + packet, to_core=to_core, kind=PPPOE)


class Inside:
    """A frame with one tunnel, read: kind, id, both outer ends, the PDU session container, and `packet`, the inner one as
    packets.Frame with its `problems`. `problems` here are those of the tunnel."""

    def __init__(self, raw):
        self.kind, self.id, self.ends, self.container, self.problems = None, None, None, None, []
        kind = struct.unpack_from('!H', raw, 12)[0]
        if kind == MPLS:
            self._read_labels(raw[14:])
        elif kind == PPPOE:
            self._read_session(raw[14:])
        else:
            self._read_ip(raw)

    def _inner(self, packet):
        self.packet = packets.read_frame(packets.ethernet(packet))
        length = struct.unpack_from('!H', packet, 2)[0] if packet[0] >> 4 == 4 else 40 + struct.unpack_from('!H', packet, 4)[0]
        if length != len(packet):
            self.problems.append('the inner packet does not fill its tunnel')

    def _read_labels(self, rest):
        at = 0
        while not rest[at + 2] & 1:
            at += 4
        self.kind, self.id = 'mpls', struct.unpack_from('!I', rest, at)[0] >> 12
        self._inner(rest[at + 4:])

    def _read_session(self, rest):
        first, code, self.id, length, protocol = struct.unpack_from('!BBHHH', rest)
        self.kind = 'pppoe'
        if (first, code, length) != (0x11, 0, len(rest) - 6) or protocol not in (0x0021, 0x0057):
            self.problems.append('PPPoE header')
        self._inner(rest[8:])

    def _read_ip(self, raw):
        outer = packets.read_frame(raw)
        self.ends, self.problems = (outer.source, outer.destination), list(outer.problems)
        self.dscp = outer.dscp
        rest = raw[14 + (20 if outer.version == 4 else 40):]
        if outer.protocol in (4, 41):
            self.kind, self.id = 'ip-in-ip', 0
            self._inner(rest)
        elif outer.protocol == GRE:
            self._read_gre(rest)
        elif outer.dport == GTP_U:
            self._read_gtp_u(outer.payload)
        elif outer.dport == VXLAN:
            self.kind, self.id = 'vxlan', struct.unpack_from('!I', outer.payload, 4)[0] >> 8
            self.macs = outer.payload[8:20]
            self._inner(outer.payload[22:])

    def _read_gre(self, rest):
        flags = struct.unpack_from('!H', rest)[0]
        self.kind, self.id, at = 'gre', 0, 4
        if flags & 0x8000:
            at += 4
            if packets.checksum(rest):
                self.problems.append('GRE checksum')
        if flags & 0x2000:
            self.id = struct.unpack_from('!I', rest, at)[0]
            at += 4
        self._inner(rest[at:])

    def _read_gtp_u(self, payload):
        flags, kind, length, self.id = struct.unpack_from('!BBHI', payload)
        self.kind, at = 'gtp-u', 8
        if flags & 0xf8 != 0x30 or kind != 255 or length != len(payload) - 8:
            self.problems.append('GTP-U header')
        if flags & 7:
            if payload[11] == PDU_SESSION:
                self.container = (payload[13] >> 4, payload[14] & 0x3f)
                at = 16
            else:
                at = 12
        self._inner(payload[at:])
