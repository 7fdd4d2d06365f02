# SPDX-License-Identifier: Apache-2.0
"""The builders of scripts/lib are what scenarios judge the daemon by, so they are tested first."""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / 'scripts' / 'lib'))
import feeder  # noqa: E402
import messages  # noqa: E402
import packets  # noqa: E402

FRAMES = {
    'udp4': packets.udp_frame('10.1.0.1', 4000, '192.0.2.1', 53, messages.dns_query('a.example')),
    'udp6': packets.udp_frame('2001:db8:1::1', 4000, '2001:db8::2', 53, messages.dns_query('a.example')),
    'tcp4 vlan': packets.tcp_frame('10.1.0.1', 4000, '192.0.2.1', 80, b'odd', vlans=(5,)),
    'tcp4 qinq': packets.tcp_frame('192.0.2.1', 80, '10.1.0.1', 4000, b'even', vlans=(5, 6), to_core=False),
}


class Packets(unittest.TestCase):
    def test_the_checksum_of_rfc_1071_is_known(self):
        self.assertEqual(packets.checksum(bytes.fromhex('0001f203f4f5f6f7')), 0x220d)

    def test_what_is_built_reads_back_without_problems(self):
        for name, raw in FRAMES.items():
            self.assertEqual(packets.read_frame(raw).problems, [], name)

    def test_a_changed_byte_is_noticed(self):
        for name, raw in FRAMES.items():
            broken = raw[:-1] + bytes([raw[-1] ^ 1])
            self.assertIn('transport checksum', packets.read_frame(broken).problems, name)

    def test_vlans_and_addresses_read_back(self):
        frame = packets.read_frame(FRAMES['tcp4 qinq'])
        self.assertEqual((frame.vlans, frame.source, frame.sport, frame.payload), ([5, 6], '192.0.2.1', 80, b'even'))


class Feeder(unittest.TestCase):
    def test_every_round_is_another_network_with_right_checksums(self):
        for name, raw in FRAMES.items():
            template = feeder.Template(raw, 0)
            seen = set()
            for turn in range(200):
                frame = packets.read_frame(template.record(turn)[16:])
                self.assertEqual(frame.problems, [], (name, turn))
                seen.add((frame.source, frame.destination))
            self.assertEqual(len(seen), 200, name)


unittest.main()
