#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of decode_fuzz to corpus/: one byte of link type (base/frame.h, LinkType), then the frame; or 8 times the number
of a tunnel (decode_fuzz.cc, kWrappers) or of NFLOG, then what is inside."""

import pathlib
import struct

ETHERNET, RAW, COOKED, COOKED2, LOOPBACK, PPP, WLAN, RADIOTAP = range(8)
NFLOG = 31 * 8


def ipv4(protocol, inside, flags=0, options=b""):
    return struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(inside), 7, flags, 64,
                       protocol, 0) + bytes([10, 0, 0, 1, 192, 0, 2, 9]) + options + inside


def ipv6(following, inside):
    address = bytes.fromhex("20010db8") + bytes(12)
    return struct.pack(">IHBB", 0x60000000, len(inside), following, 64) + address + address + inside


def udp(payload, port=53):
    return struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload


def tcp(payload, options=b""):
    return struct.pack(">HHIIBBHHH", 40001, 80, 1, 2, (20 + len(options)) // 4 << 4, 0x18, 501, 0, 0) + options + payload


def extension(following, inside):
    return bytes([following, 0]) + bytes(6) + inside


def gtp_u(inside, options=b"", flags=0x30):
    return udp(struct.pack(">BBHI", flags, 255, len(options) + len(inside), 0x11223344) + options + inside, 2152)


def gre(kind, inside, flags=0, fields=b""):
    return struct.pack(">H", flags) + kind + fields + inside


def vxlan(inside, flags=b"\x08\0\0\0"):
    return udp(flags + b"\0\x12\x34\0" + inside, 4789)


def geneve(kind, inside, options=b""):
    return udp(bytes([len(options) // 4, 0]) + kind + b"\0\0\x07\0" + options + inside, 6081)


def labels(count, inside):
    return b"".join(struct.pack(">I", (1000 + n) << 12 | (n == count - 1) << 8 | 64) for n in range(count)) + inside


def pppoe(ppp):
    return struct.pack(">BBHH", 0x11, 0, 8, len(ppp)) + ppp


def pptp(ppp, flags=0x3001, acknowledged=b""):
    return struct.pack(">HHHHI", flags, 0x880b, len(ppp), 9, 77) + acknowledged + ppp


def l2tp(ppp, flags=0x4002, fields=b""):
    return udp(struct.pack(">HHI", flags, 8 + len(fields + ppp), 8) + fields + ppp, 1701)


def wlan(kind, inside, control=b"\x88\x01"):
    return control + bytes(22) + (bytes(2) if control[0] & 0x80 else b"") + b"\xaa\xaa\x03\0\0\0" + kind + inside


def capwap(inside, header=b"\0\x10\x03\0\0\0\0\0"):
    return udp(header + inside, 5247)


MACS = bytes(12)
V4, V6, VLAN, SVLAN = b"\x08\x00", b"\x86\xdd", b"\x81\x00", b"\x88\xa8"
QUERY, GET = udp(b"query"), tcp(b"GET /", b"\1" * 12)
SNAP = b"\xaa\xaa\x03\0\0\0" + V4 + ipv4(17, QUERY)

MPLS, PPPOE, BRIDGED = b"\x88\x47", b"\x88\x64", b"\x65\x58"
INNER4, INNER6 = ipv4(17, QUERY), ipv6(6, GET)
FRAME = MACS + V4 + INNER4
CONTAINER = b"\0\0\0\x85\1\x10\x09\0"  # an extension header: PDU session container

SEEDS = {
    "udp4": (ETHERNET, MACS + V4 + ipv4(17, QUERY)),
    "tcp4_options": (ETHERNET, MACS + V4 + ipv4(6, GET, options=b"\1" * 8)),
    "unsegmented4": (ETHERNET, MACS + V4 + ipv4(6, GET)[:2] + b"\0\0" + ipv4(6, GET)[4:]),
    "fragment4": (ETHERNET, MACS + V4 + ipv4(17, QUERY, flags=0x2000)),
    "udp6": (ETHERNET, MACS + V6 + ipv6(17, QUERY)),
    "extensions6": (ETHERNET, MACS + V6 + ipv6(0, extension(43, extension(60, extension(44, bytes([6, 0, 0, 0]) + bytes(4) + GET))))),
    "authentication6": (ETHERNET, MACS + V6 + ipv6(51, bytes([6, 1]) + bytes(10) + GET)),
    "fragment6": (ETHERNET, MACS + V6 + ipv6(44, bytes([17, 0, 0, 9]) + bytes(4) + QUERY)),
    "tags": (ETHERNET, MACS + SVLAN + b"\0\1" + VLAN + b"\0\2" + V4 + ipv4(17, QUERY)),
    "snap": (ETHERNET, MACS + struct.pack(">H", len(SNAP)) + SNAP),
    "raw": (RAW, ipv6(6, GET)),
    "cooked": (COOKED, bytes([0, 0, 0, 1, 0, 6]) + bytes(8) + V4 + ipv4(17, QUERY)),
    "cooked2": (COOKED2, V6 + bytes(6) + b"\0\1" + bytes(10) + ipv6(17, QUERY)),
    "loopback": (LOOPBACK, b"\2\0\0\0" + ipv4(6, GET)),
    "gtp_u": (ETHERNET, MACS + V4 + ipv4(17, gtp_u(INNER4))),
    "gtp_u_options": (ETHERNET, MACS + V6 + ipv6(17, gtp_u(INNER6, CONTAINER, 0x37))),
    "gre": (ETHERNET, MACS + V4 + ipv4(47, gre(V6, INNER6, 0xb000, bytes(12)))),
    "gre_bridged": (ETHERNET, MACS + V4 + ipv4(47, gre(BRIDGED, FRAME))),
    "gre_mirrored": (ETHERNET, MACS + V4 + ipv4(47, gre(b"\x22\xeb", bytes(11) + b"\1" + bytes(8) + FRAME, 0x1000, bytes(4)))),
    "gre_ppp": (ETHERNET, MACS + V4 + ipv4(47, pptp(b"\xff\3\x21" + INNER4, 0x3081, bytes(4)))),
    "ip_in_ip": (ETHERNET, MACS + V4 + ipv4(41, ipv6(4, ipv4(4, INNER4)))),
    "vxlan": (ETHERNET, MACS + V4 + ipv4(17, vxlan(FRAME))),
    "vxlan_protocol": (ETHERNET, MACS + V4 + ipv4(17, vxlan(INNER4, b"\x0c\0\0\1"))),
    "geneve": (ETHERNET, MACS + V6 + ipv6(17, geneve(BRIDGED, FRAME, bytes(8)))),
    "mpls": (ETHERNET, MACS + MPLS + labels(3, INNER6)),
    "mpls_pseudowire": (ETHERNET, MACS + MPLS + labels(1, bytes(4) + FRAME)),
    "mpls_in_ip": (ETHERNET, MACS + V4 + ipv4(137, labels(2, INNER4))),
    "pppoe": (ETHERNET, MACS + SVLAN + b"\0\1" + VLAN + b"\0\2" + PPPOE + pppoe(b"\0\x57" + INNER6)),
    "pppoe_short": (ETHERNET, MACS + PPPOE + pppoe(b"\x21" + INNER4)),
    "four_deep": (ETHERNET, MACS + MPLS + labels(1, bytes(4) + MACS + PPPOE + pppoe(b"\0\x21" + ipv4(47, gre(V4, ipv4(17, gtp_u(INNER4))))))),
    "inside_gtp_u": (8, INNER4),
    "inside_gtp_u_options": (16, CONTAINER + INNER6),
    "inside_vxlan": (24, FRAME),
    "inside_geneve": (32, MACS + VLAN + b"\0\5" + V4 + INNER4),
    "inside_ip_gre": (40, gre(V4, INNER4, 0x2000, bytes(4))),
    "inside_gre": (48, MACS + PPPOE + pppoe(b"\x21" + INNER4)),
    "inside_ip4": (56, INNER4),
    "inside_ip6": (64, INNER6),
    "inside_ethernet_mpls": (72, labels(2, INNER4)),
    "l2tp": (ETHERNET, MACS + V4 + ipv4(17, l2tp(b"\xff\3\0\x21" + INNER4, 0x4a02, struct.pack(">HHH", 1, 2, 2) + bytes(2)))),
    "capwap": (ETHERNET, MACS + V4 + ipv4(17, capwap(wlan(V4, INNER4)))),
    "capwap_radio": (ETHERNET, MACS + V6 + ipv6(17, capwap(wlan(V6, INNER6, b"\x11\x08"), b"\0\x20\x03\x20\0\0\0\0\4\xbf\x23" + bytes(5)))),
    "capwap_ethernet": (ETHERNET, MACS + V4 + ipv4(17, capwap(FRAME, b"\0\x10\x02\0\0\0\0\0"))),
    "teredo": (ETHERNET, MACS + V4 + ipv4(17, udp(bytes([0, 1, 2, 2]) + bytes(13) + bytes(8) + INNER6, 3544))),
    "ayiya": (ETHERNET, MACS + V4 + ipv4(17, udp(bytes([0x41, 0x52, 0x11, 41]) + bytes(4 + 16 + 20) + INNER6, 5072))),
    "gre_in_udp": (ETHERNET, MACS + V4 + ipv4(17, udp(gre(V4, INNER4, 0x2000, bytes(4)), 4754))),
    "gre_radio": (ETHERNET, MACS + V4 + ipv4(47, gre(b"\x82\0", wlan(V4, INNER4)))),
    "inside_teredo": (136, INNER6),
    "inside_ayiya": (144, bytes([0, 0, 1, 4]) + bytes(5) + INNER4),
    "inside_gre_in_udp": (152, gre(V6, INNER6)),
    "inside_gre_radio": (160, wlan(V6, INNER6)),
    "wlan": (WLAN, wlan(VLAN + b"\0\5" + V4, INNER4)),
    "radiotap": (RADIOTAP, b"\0\0\x08\0" + bytes(4) + wlan(V6, INNER6, b"\x08\x02")),
    "nflog": (NFLOG, b"\2\0\0\5\x08\0\x0a\0log\0" + struct.pack("<HH", 4 + len(INNER4), 9) + INNER4),
    "inside_l2tp": (96, b"\0\x57" + INNER6),
    "inside_capwap": (112, wlan(V4, INNER4)),
    "inside_capwap_ethernet": (120, FRAME),
    "inside_mpls": (80, bytes(4) + FRAME),
    "inside_pppoe": (88, b"\0\x21" + INNER4),
    "ppp": (PPP, b"\xff\3\0\x21" + ipv4(17, QUERY)),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent / "corpus"
    folder.mkdir(exist_ok=True)
    for name, (link, frame) in SEEDS.items():
        (folder / name).write_bytes(bytes([link]) + frame)
