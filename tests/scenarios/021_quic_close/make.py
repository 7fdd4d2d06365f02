# SPDX-License-Identifier: Apache-2.0
"""The answer `close`: the client is told in the server's name that its connection is refused. tshark, which makes the keys from the
client's Initial, reads it."""
import os
import shutil
import subprocess
import tempfile

from support import CLIENT, CLIENT6, SERVER, SERVER6, messages, packets, same, true

import quic

BAD = quic.crypto(0, messages.client_hello('bad.example')[5:])


def send():
    return {'access': [packets.udp_frame(CLIENT, 4000, SERVER, 443, quic.initial(BAD)),
                       packets.udp_frame(CLIENT6, 4001, SERVER6, 443, quic.initial(BAD, version=quic.V2), vlans=(9,)),
                       packets.udp_frame(CLIENT, 4000, SERVER, 443, quic.initial(BAD, number=1))],
            'core': []}


def expect(seen):
    same((len(seen.onward), len(seen.made_back)), (0, 3), 'what leaves')
    same((seen.fate('answered'), len(seen.records)), (3, 2), 'the third repeats the first')
    same([(frame.source, frame.sport, frame.dport) for frame in seen.made_back],
         [(SERVER, 443, 4000), (SERVER6, 443, 4001), (SERVER, 443, 4000)], 'addresses')
    true(shutil.which('tshark'), 'tshark is missing: scripts/setup installs it')
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'both.pcap')
        packets.write_pcap(file, seen.sent['access'][:2] + [frame.raw for frame in seen.made_back])
        said = subprocess.run(['tshark', '-r', file, '-o', 'udp.check_checksum:TRUE', '-Y', 'quic.cc.error_code && !_ws.malformed',
                               '-T', 'fields', '-e', 'udp.dstport', '-e', 'quic.cc.error_code', '-e', 'udp.checksum.status'],
                              capture_output=True, text=True, check=True).stdout
    same([line.split() for line in said.splitlines()], [['4000', '2', '1'], ['4001', '2', '1'], ['4000', '2', '1']], 'what tshark reads')
    same(seen.records[0]['telefence']['response'], 'answer close', 'what the record says')
