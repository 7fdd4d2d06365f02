# SPDX-License-Identifier: Apache-2.0
"""Another reader's opinion of every frame the daemon makes or changes: tshark finds every checksum good and nothing malformed."""
import os
import shutil
import subprocess
import tempfile

from support import CLIENT, CLIENT6, SERVER, SERVER6, connection, messages, packets, query, same, sip, true

FRAUD = '刷单返利日结,加微信abc12345领取佣金'
GOOD_SUMS = ('ip.checksum.status==0 || udp.checksum.status==0 || tcp.checksum.status==0 || _ws.malformed || '
             'dns.retransmit_response_in')


def send():
    access = [query('worse.example', 4000), query('worse.example', 4001, source=CLIENT6, destination=SERVER6),
              query('worse.example', 4002, vlans=(9,)), query('tagged.example', 4003)]
    access += connection(4004, 80, messages.http_get('bad.example')) + connection(4005, 443, messages.client_hello('bad.example'))
    access += [packets.tcp_frame(CLIENT, 4006, SERVER, 2775, messages.smpp_submit(1, '1069', '8613800138000', FRAUD)),
               sip(messages.sip_request('INVITE', '+8617000000001', '+8613800138000', 'bad1'))]
    return {'access': access, 'core': [packets.tcp_frame(SERVER, 2775, CLIENT, 4006, messages.smpp_response(1), to_core=False)]}


def expect(seen):
    true(shutil.which('tshark'), 'tshark is missing: scripts/setup installs it')
    made = seen.made_back + seen.made_onward
    same(len(made), 3 + 1 + 2 + 2 + 2 + 1, 'frames made or changed')
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'made.pcap')
        packets.write_pcap(file, [frame.raw for frame in made])
        checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE']
        bad = subprocess.run(['tshark', '-r', file, *checks, '-Y', GOOD_SUMS], capture_output=True, text=True, check=True).stdout
        same(bad, '', 'frames that tshark does not like')
        names = subprocess.run(['tshark', '-r', file, *checks, '-T', 'fields', '-e', 'dns.flags.rcode', '-e', 'http.response.code',
                                '-e', 'sip.Status-Code', '-e', 'smpp.command_id', '-e', 'smpp.command_status'],
                               capture_output=True, text=True, check=True)
    read = [line.strip() for line in names.stdout.splitlines()]
    # Three look-ups, the page, the call; the voided submit_sm and its response, which now says ESME_RSUBMITFAIL (SMPP 3.4, 5.1.3).
    same(sorted(text for text in read if text), ['0x00000004', '0x80000004\t0x00000045', '3', '3', '3', '302', '603'],
         'what tshark reads')
