#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of decode_fuzz to corpus/: one byte of link type (base/frame.h, LinkType), then the frame."""

import pathlib
import struct

ETHERNET, RAW, COOKED, COOKED2, LOOPBACK, PPP = range(6)


def ipv4(protocol, inside, flags=0, options=b""):
    return struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(inside), 7, flags, 64,
                       protocol, 0) + bytes([10, 0, 0, 1, 192, 0, 2, 9]) + options + inside


def ipv6(following, inside):
    address = bytes.fromhex("20010db8") + bytes(12)
    return struct.pack(">IHBB", 0x60000000, len(inside), following, 64) + address + address + inside


def udp(payload):
    return struct.pack(">HHHH", 40000, 53, 8 + len(payload), 0) + payload


def tcp(payload, options=b""):
    return struct.pack(">HHIIBBHHH", 40001, 80, 1, 2, (20 + len(options)) // 4 << 4, 0x18, 501, 0, 0) + options + payload


def extension(following, inside):
    return bytes([following, 0]) + bytes(6) + inside


MACS = bytes(12)
V4, V6, VLAN, SVLAN = b"\x08\x00", b"\x86\xdd", b"\x81\x00", b"\x88\xa8"
QUERY, GET = udp(b"query"), tcp(b"GET /", b"\1" * 12)
SNAP = b"\xaa\xaa\x03\0\0\0" + V4 + ipv4(17, QUERY)

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
    "ppp": (PPP, b"\xff\3\0\x21" + ipv4(17, QUERY)),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent / "corpus"
    folder.mkdir(exist_ok=True)
    for name, (link, frame) in SEEDS.items():
        (folder / name).write_bytes(bytes([link]) + frame)
