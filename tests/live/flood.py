# SPDX-License-Identifier: Apache-2.0
"""Sends the frames of a capture over an interface, again and again, as fast as it is told. Segments of TCP come from another port each time, so
that each is of a new connection.

Usage: flood.py INTERFACE CAPTURE RATE_FILE      RATE_FILE: packets per second, read anew ten times a second; 0 is silence.
"""
import ctypes
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'scripts', 'lib'))
import packets  # noqa: E402

AT_ONCE = 32
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20  # packet(7)


class Vector(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]


class Header(ctypes.Structure):
    """struct mmsghdr (sendmmsg(2))."""
    _fields_ = [('name', ctypes.c_void_p), ('name_length', ctypes.c_uint), ('vectors', ctypes.POINTER(Vector)), ('count', ctypes.c_size_t),
                ('control', ctypes.c_void_p), ('control_length', ctypes.c_size_t), ('flags', ctypes.c_int), ('sent', ctypes.c_uint)]


def headers_of(buffers):
    vectors = (Vector * len(buffers))(*[Vector(ctypes.addressof(buffer), len(buffer)) for buffer in buffers])
    headers = (Header * len(buffers))()
    for i in range(len(buffers)):
        headers[i].vectors = ctypes.pointer(vectors[i])
        headers[i].count = 1
    return headers, vectors


class Segment:
    """Of TCP in IPv4 without tags and options. What the port grows by the window shrinks by, so that the checksum stays right."""
    PORT, WINDOW = 34, 48

    def __init__(self, buffer):
        self.buffer = buffer
        self.port, = struct.unpack_from('!H', buffer, self.PORT)
        self.window, = struct.unpack_from('!H', buffer, self.WINDOW)

    @staticmethod
    def is_one(frame):
        return frame[12:14] == b'\x08\x00' and frame[23] == packets.TCP

    def renew(self, turn):
        more = turn % 40000
        struct.pack_into('!H', self.buffer, self.PORT, self.port + more)
        struct.pack_into('!H', self.buffer, self.WINDOW, self.window - more)


def rate_in(path):
    try:
        with open(path, encoding='ascii') as source:
            return int(source.read() or 0)
    except OSError:
        return 0


def main():
    interface, capture, rate_file = sys.argv[1:]
    frames = packets.read_pcap(capture)
    frames = frames[:len(frames) // AT_ONCE * AT_ONCE]
    buffers = [(ctypes.c_char * len(frame)).from_buffer_copy(frame) for frame in frames]
    segments = [[Segment(buffers[i]) for i in range(at, at + AT_ONCE) if Segment.is_one(frames[i])] for at in range(0, len(frames), AT_ONCE)]
    headers, _kept = headers_of(buffers)
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    out.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    os.setpriority(os.PRIO_PROCESS, 0, -20)  # else what else this machine does decides how much comes
    send = ctypes.CDLL(None, use_errno=True).sendmmsg
    place, turn, rate, budget, looked_at, last = 0, 0, 0, 0.0, 0.0, time.monotonic()
    print('ready', flush=True)
    while True:
        now = time.monotonic()
        if now - looked_at > 0.1:
            rate, looked_at = rate_in(rate_file), now
        budget = min(budget + (now - last) * rate, 0.02 * rate + AT_ONCE)  # what was missed by a pause is not made up for
        last = now
        if budget < AT_ONCE:
            time.sleep(0.0005 if rate else 0.02)
            continue
        for segment in segments[place // AT_ONCE]:
            segment.renew(turn)
        sent = send(out.fileno(), ctypes.byref(headers, place * ctypes.sizeof(Header)), AT_ONCE, 0)
        budget -= max(sent, 0)
        place = (place + AT_ONCE) % len(frames)
        turn += place == 0


if __name__ == '__main__':
    main()
