# SPDX-License-Identifier: Apache-2.0
"""kannel's bearerbox and smsbox as the SMPP client, in the client namespace. They are told of messages by http, and tell by http what became
of each (dlr-url): 8, taken by the SMS centre, or 16, refused by it, with the SMS centre's words."""
import json
import os
import re

import netns

SESSIONS = 20
HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = '''group = core
admin-port = 13000
admin-password = secret
smsbox-port = 13001
log-level = 1
dlr-storage = internal
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"

%(sessions)s
group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = 13013
global-sender = 13013
log-level = 1
http-queue-delay = 1

group = sendsms-user
username = live
password = secret
max-messages = 1
concatenation = false
'''
SESSION = '''group = smsc
smsc = smpp
smsc-id = centre%(number)d
host = %(host)s
port = 2775
system-id = kannel%(number)d
smsc-username = kannel%(number)d
smsc-password = secret
system-type = ""
transceiver-mode = true
interface-version = 34
max-pending-submits = %(window)d
enquire-link-interval = 5
source-addr-autodetect = true
'''


def start(line):
    sessions = '\n'.join(SESSION % {'number': i, 'host': netns.SERVER, 'window': 10 + 5 * i} for i in range(SESSIONS))
    config = line.write('kannel.conf', CONFIG % {'sessions': sessions})
    boxes = [line.start(line.client, 'bearerbox', 'bearerbox', config)]
    line.wait('bearerbox', lambda: ':13001 ' in line.at(line.client, 'ss', '-Hltn').stdout)
    boxes.append(line.start(line.client, 'smsbox', 'smsbox', config))
    line.wait('smsbox', lambda: ':13013 ' in line.at(line.client, 'ss', '-Hltn').stdout)
    line.wait('the sessions of kannel', lambda: line.at(line.client, 'curl', '-s', 'http://127.0.0.1:13000/status.txt').stdout.count(
        '(online') >= SESSIONS)
    return boxes


def send(line, messages, seconds):
    """({id: [status]}, what went wrong between us and kannel)"""
    file = line.write('kannel.jsonl', ''.join(json.dumps(message) + '\n' for message in messages))
    done = line.at(line.client, 'timeout', str(seconds), 'node', os.path.join(HERE, 'kannel_client.js'), file, timeout=seconds + 20)
    if not done.stdout.strip():
        raise RuntimeError('kannel_client.js said nothing: %s' % done.stderr)
    result = json.loads(done.stdout)
    return {number: [status_of(one) for one in all_] for number, all_ in result['reports'].items()}, result['troubles']


def status_of(report):
    """kannel's word for a refusal: NACK/<status>/<name of it>."""
    refused = re.match(r'NACK/(0x[0-9a-f]+|\d+)', report['reply'])
    return int(refused[1], 0) if refused else 0 if report['type'] == '8' else -1
