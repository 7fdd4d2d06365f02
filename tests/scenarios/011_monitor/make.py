# SPDX-License-Identifier: Apache-2.0
"""Mode monitor touches nothing: every frame leaves byte for byte as it came, and what would have been done is recorded."""
from support import connection, messages, packets, query, same, sip, true, CLIENT, SERVER

FRAUD = '刷单返利日结,加微信abc12345领取佣金'


def send():
    access = [query('bad.example'), query('fine.example', 4001)]
    access += connection(4002, 80, messages.http_get('bad.example')) + connection(4003, 443, messages.client_hello('bad.example'))
    access += [packets.tcp_frame(CLIENT, 4004, SERVER, 2775, messages.smpp_submit(1, '1069', '8613800138000', FRAUD)),
               sip(messages.sip_request('INVITE', '+8617000000001', '+8613800138000', 'bad1'))]
    return {'access': access, 'core': [packets.tcp_frame(SERVER, 2775, CLIENT, 4004, messages.smpp_response(1), to_core=False)]}


def expect(seen):
    seen.untouched()
    same(len(seen.records), 5, 'records')
    true(all(record['alert']['action'] == 'allowed' for record in seen.records), 'records say allowed')
    true(all(record['telefence']['mode'] == 'monitor' for record in seen.records), 'records say monitor')
