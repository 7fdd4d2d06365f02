# SPDX-License-Identifier: Apache-2.0
"""Plays a pair of captures, paced, into a pair of fifos that net_pcap ports of the daemon read: traffic without NIC or root.

Usage: feeder.py ACCESS.pcap ACCESS.fifo CORE.pcap CORE.fifo SECONDS

Round after round is played; in each the clients' network (10.1.0.0/16, 2001:db8:1::/48) becomes another one, so that no
message is a repetition of an earlier one. Addresses and checksums are patched incrementally (RFC 1624). The times of the
captures are kept, cut into slices of 4 ms. Ends after SECONDS with code 0, or with code 1 and a sentence when a reader goes away.
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
    """Returns how long it played; less than `seconds` when the reader went away."""
    frames = templates(capture)
    with open(fifo, 'wb', buffering=0) as out:
        start, turn, index = time.monotonic(), 0, 0
        try:
            out.write(packets.pcap_header())
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
        return time.monotonic() - start


class Player(threading.Thread):
    def __init__(self, capture, fifo, seconds):
        super().__init__(daemon=True)
        self.capture, self.fifo, self.seconds, self.played_s = capture, fifo, seconds, 0.0

    def run(self):
        self.played_s = play(self.capture, self.fifo, self.seconds, period_s=0.5)

    def has_lost_its_reader(self):
        return not self.is_alive() and self.played_s < self.seconds


def main():
    access, access_fifo, core, core_fifo, seconds = sys.argv[1:]
    parent = os.getppid()
    players = [Player(capture, fifo, float(seconds)) for capture, fifo in ((access, access_fifo), (core, core_fifo))]
    for player in players:
        player.start()
    # A demo that was killed hard leaves no feeder behind.
    while any(player.is_alive() for player in players) and os.getppid() == parent:
        for player in players:
            if player.has_lost_its_reader():
                print('feeder: the reader of %s went away after %.1f s of %s s' % (player.fifo, player.played_s, seconds), file=sys.stderr)
                return 1
        time.sleep(0.05)
    lost = [player for player in players if player.has_lost_its_reader()]
    print('feeder: played to its end, %s s' % seconds if not lost else 'feeder: its readers went away', file=sys.stderr)
    return 1 if lost else 0


if __name__ == '__main__':
    sys.exit(main())
