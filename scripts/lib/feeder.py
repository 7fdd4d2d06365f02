# SPDX-License-Identifier: Apache-2.0
"""Plays a pair of captures, paced, into a pair of fifos that net_pcap ports of the daemon read: traffic without NIC or root.

Usage: feeder.py ACCESS.pcap ACCESS.fifo CORE.pcap CORE.fifo SECONDS

Round after round is played; in each the clients' network (10.1.0.0/16, 2001:db8:1::/48) becomes another one, so that no
message is a repetition of an earlier one. Addresses and checksums are patched incrementally (RFC 1624). The times of the
captures are kept, cut into slices of 4 ms. Ends after SECONDS, or when the reader goes away.
"""
import os
import struct
import sys
import threading
import time

import packets

SLICE_S = 0.004


class Template:
    """One frame with the places that change from round to round."""

    def __init__(self, raw, at_s):
        self.at_s, self.raw = at_s, bytearray(packets.pcap_record(raw))
        self.word_at, self.sums = None, []
        at, kind = 12, struct.unpack_from('!H', raw, 12)[0]
        while kind in (0x8100, 0x88a8):
            at += 4
            kind = struct.unpack_from('!H', raw, at)[0]
        at += 2
        if kind == 0x0800:
            addresses, length, network, protocol = (at + 12, at + 16), (raw[at] & 15) * 4, b'\x0a\x01', raw[at + 9]
            first_fragment = struct.unpack_from('!H', raw, at + 6)[0] & 0x3fff == 0
            sums = [at + 10]
        elif kind == 0x86dd:
            addresses, length, network, protocol = (at + 12, at + 28), 40, b'\x00\x01', raw[at + 6]
            first_fragment, sums = True, []
        else:
            return
        if protocol in (packets.TCP, packets.UDP) and first_fragment:
            sums.append(at + length + (16 if protocol == packets.TCP else 6))
        for address in addresses:
            if raw[address:address + 2] == network:
                self.word_at, self.sums = 16 + address, [16 + place for place in sums]

    def record(self, turn):
        if self.word_at is None or turn == 0:
            return bytes(self.raw)
        changed = bytearray(self.raw)
        word = struct.unpack_from('!H', changed, self.word_at)[0]
        struct.pack_into('!H', changed, self.word_at, word + turn)
        for place in self.sums:
            total = (~struct.unpack_from('!H', changed, place)[0] & 0xffff) + turn
            struct.pack_into('!H', changed, place, ~((total & 0xffff) + (total >> 16)) & 0xffff)
        return bytes(changed)


def templates(path):
    with open(path, 'rb') as source:
        data = source.read()
    found, at, begin = [], 24, None
    while at + 16 <= len(data):
        seconds, micros, length = struct.unpack_from('<III', data, at)
        stamp = seconds + micros / 1e6
        begin = stamp if begin is None else begin
        found.append(Template(data[at + 16:at + 16 + length], stamp - begin))
        at += 16 + length
    return found


def play(capture, fifo, seconds, period_s):
    frames = templates(capture)
    with open(fifo, 'wb', buffering=0) as out:
        out.write(packets.pcap_header())
        start, turn, index = time.monotonic(), 0, 0
        try:
            while time.monotonic() - start < seconds:
                now, pieces = time.monotonic() - start, []
                while turn * period_s + frames[index].at_s <= now:
                    pieces.append(frames[index].record(turn % 200))
                    index += 1
                    if index == len(frames):
                        index, turn = 0, turn + 1
                if pieces:
                    out.write(b''.join(pieces))
                time.sleep(SLICE_S)
        except BrokenPipeError:
            pass


def main():
    access, access_fifo, core, core_fifo, seconds = sys.argv[1:]
    period_s = 0.5
    parent = os.getppid()
    threads = [threading.Thread(target=play, args=(capture, fifo, float(seconds), period_s), daemon=True)
               for capture, fifo in ((access, access_fifo), (core, core_fifo))]
    for thread in threads:
        thread.start()
    # A demo that was killed hard leaves no feeder behind.
    while any(thread.is_alive() for thread in threads) and os.getppid() == parent:
        time.sleep(0.1)


if __name__ == '__main__':
    main()
