# SPDX-License-Identifier: Apache-2.0
"""Makes the two captures of scripts/demo.d: what subscribers send (access.pcap) and what comes back (core.pcap).

Run it to write them again; the same input gives the same bytes. Both hold the same number of frames, since a worker reads the
two ports in turn. Clients live in 10.1.0.0/16: the feeder (feeder.py) moves them to another network in every round.
"""
import pathlib
import random
import re

import messages
import packets

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / 'demo.d'
ROUND_MS = 500

# Becomes blocked only by the three pushes of the demo.
PUSHED_DOMAIN = 'flash-airdrop-2026.example'
PUSHED_NUMBER = '+8617055512345'
PUSHED_PATTERN = '内部消息.{0,8}稳赚'
PUSHED_TEXT = '老师今晚公布内部消息,跟上稳赚不赔,进群名额只剩三位'

INNOCENT_HOSTS = ['www.%s.example' % name for name in (
    'news weather maps school hospital library bakery cinema museum railway post bus bank shop music sport garden books '
    'garage kitchen travel photo mail video games code cloud city radio theatre').split()]
INNOCENT_SMS = ['您的快递已到小区东门驿站,取件码3-2-8841', '明天上午九点开家长会,请准时参加', '您尾号1024的账户工资入账8,200.00元',
                '【图书馆】您借的两本书将于周五到期', '妈,我到学校了,晚上给你打电话', '会议改到下午三点,二号会议室',
                'Your table for two is booked for 7 pm tonight', '【医院】您预约的口腔科门诊为周三上午8:30',
                '验证码482913,五分钟内有效,请勿告诉他人', 'See you at the station at six']


def lines_of(name):
    return [line.strip() for line in (FOLDER / name).read_text().splitlines() if line.strip() and line[0] != '#']


def samples(kind):
    """Samples of the starter pack (`must_match` or `must_not_match`), as the pack's own tests know them; those that fit one SMS."""
    found = []
    for file in sorted((HERE.parent.parent / 'patterns').glob('*.yaml')):
        inside = False
        for line in file.read_text().splitlines():
            key = re.match(r'\s*(?:- )?(\w+):(?:\s|$)', line)
            if key:
                inside = key[1] == kind
            sample = re.match(r'\s*- (["\']?)(.*)\1\s*$', line)
            if inside and sample and not key:
                found.append(sample[2])
    return [text for text in found if len(text) <= 120]


class Traffic:
    """Flows with times in ms; each adds frames to one or both directions."""

    def __init__(self):
        self.random = random.Random(20260101)
        self.frames = {True: [], False: []}  # to_core: [(ms, frame)]
        self.client_number = 0
        self.domains, self.watched, self.numbers = (lines_of(name) for name in ('domains.txt', 'watch.txt', 'numbers.txt'))
        self.texts, self.innocent = samples('must_match'), INNOCENT_SMS + samples('must_not_match')

    def client(self):
        self.client_number += 1
        return '10.1.%d.%d' % (self.client_number // 250 % 250, self.client_number % 250 + 1)

    def add(self, at, to_core, frame):
        self.frames[to_core].append((at, frame))

    def number(self, bad):
        if not bad:
            return '+8613%09d' % self.random.randrange(10**9)
        chosen = self.random.choice(self.numbers)
        return chosen[:-1] + '%06d' % self.random.randrange(10**6) if chosen.endswith('*') else chosen

    def host(self, kind):
        if kind == 'pushed':
            return 'claim.' + PUSHED_DOMAIN
        if kind == 'watched':
            return 'www.' + self.random.choice(self.watched)
        return self.random.choice(['', 'www.', 'm.']) + self.random.choice(self.domains) if kind == 'bad' \
            else self.random.choice(INNOCENT_HOSTS)

    def dns(self, at, kind, ipv6=False):
        client, server = ('2001:db8:1::%x' % self.random.randrange(1, 65535), '2001:db8:53::1') if ipv6 else \
            (self.client(), '192.0.2.53')
        port, number = self.random.randrange(1024, 65535), self.random.randrange(65536)
        query = messages.dns_query(self.host(kind), number, self.random.choice([1, 1, 1, 28, 65]))
        vlans = self.random.choice([(), (), (), (100,), (200, 300)])
        self.add(at, True, packets.udp_frame(client, port, server, 53, query, vlans))
        if kind != 'bad':
            reply = query[:2] + b'\x81\x80' + query[4:]
            self.add(at + 20, False, packets.udp_frame(server, 53, client, port, reply, vlans, to_core=False))

    def web(self, at, kind, tls):
        client, port, server = self.client(), self.random.randrange(1024, 65535), '198.51.100.%d' % self.random.randrange(1, 99)
        here, there = self.random.randrange(2**31), self.random.randrange(2**31)
        serial = bytes(self.random.randrange(256) for _ in range(32))
        request = messages.client_hello(self.host(kind), serial) if tls else messages.http_get(self.host(kind), '/index.html')
        service = 443 if tls else 80

        def up(after, payload, seq, ack, flags):
            self.add(at + after, True, packets.tcp_frame(client, port, server, service, payload, seq=seq, ack=ack, flags=flags))

        def down(after, payload, seq, ack, flags):
            self.add(at + after, False, packets.tcp_frame(server, service, client, port, payload, to_core=False, seq=seq,
                                                          ack=ack, flags=flags))
        syn, ack, push = packets.SYN, packets.ACK, packets.PSH | packets.ACK
        up(0, b'', here, 0, syn)
        down(15, b'', there, here + 1, syn | ack)
        up(30, b'', here + 1, there + 1, ack)
        up(31, request, here + 1, there + 1, push)
        if kind != 'bad':
            down(50, b'HTTP/1.1 204 No Content\r\n\r\n' if not tls else b'\x16\x03\x03\x00\x04\x02\x00\x00\x00',
                 there + 1, here + 1 + len(request), push)

    def sms_session(self, at, count, pushed):
        client, port, server = self.client(), self.random.randrange(1024, 65535), '203.0.113.9'
        here, there = self.random.randrange(2**31), self.random.randrange(2**31)
        for number in range(1, count + 1):
            text = self.random.choice(self.innocent)
            if number == pushed:
                text = PUSHED_TEXT
            elif self.texts and self.random.random() < 0.1:
                text = self.random.choice(self.texts)
            pdu = messages.smpp_submit(number, '10690000', self.number(False).lstrip('+'), text, payload_tlv=len(text) > 70)
            when = at + number * 8
            self.add(when, True, packets.tcp_frame(client, port, server, 2775, pdu, seq=here, ack=there))
            here += len(pdu)
            reply = messages.smpp_response(number, 'm%d' % number)
            self.add(when + 60, False, packets.tcp_frame(server, 2775, client, port, reply, to_core=False, seq=there, ack=here))
            there += len(reply)

    def call(self, at, kind, message=False):
        client, server = self.client(), '203.0.113.60'
        call_id = '%08x' % self.random.randrange(2**32)
        calling = PUSHED_NUMBER if kind == 'pushed' else self.number(kind == 'bad')
        body = self.random.choice(INNOCENT_SMS) if message else ''
        request = messages.sip_request('MESSAGE' if message else 'INVITE', calling, self.number(False), call_id, body=body,
                                       kind='text/plain', calling_host=client)
        self.add(at, True, packets.udp_frame(client, 5060, server, 5060, request))
        if kind != 'bad':
            reply = request.split(b'\r\n', 1)[1].split(b'Max-Forwards')[0]
            self.add(at + 25, False, packets.udp_frame(server, 5060, client, 5060,
                                                       b'SIP/2.0 100 Trying\r\n' + reply + b'Content-Length: 0\r\n\r\n', to_core=False))

    def other(self, at):
        """What a real link carries besides: it must pass untouched."""
        client, server = self.client(), '198.51.100.7'
        pick = self.random.randrange(4)
        if pick == 0:
            frame = packets.udp_frame(client, 123, server, 123, b'\x23' + bytes(47))
        elif pick == 1:
            frame = packets.ethernet(packets.ip(client, server, 1, b'\x08\x00\xf7\xff\x00\x00\x00\x00'))
        elif pick == 2:
            frame = packets.ethernet(packets.ip(client, server, 17, bytes(64), flags_offset=0x2000))
        else:
            frame = packets.ethernet(bytes.fromhex('0001080006040001020000000001') + bytes(32), kind=0x0806)
        self.add(at, True, frame)

    def balance(self):
        """Acknowledgements until both directions have the same number of frames."""
        fewer = len(self.frames[True]) < len(self.frames[False])
        for _ in range(abs(len(self.frames[True]) - len(self.frames[False]))):
            client, server, port = self.client(), '198.51.100.200', self.random.randrange(1024, 65535)
            ends = (client, port, server, 443) if fewer else (server, 443, client, port)
            self.add(self.random.randrange(ROUND_MS), fewer,
                     packets.tcp_frame(*ends, to_core=fewer, flags=packets.ACK, seq=7, ack=9))


def kinds(count, bad, pushed, watched=0):
    return ['bad'] * bad + ['pushed'] * pushed + ['watched'] * watched + ['good'] * (count - bad - pushed - watched)


def make():
    """{to_core: [(ms, frame)]}, in order of time."""
    traffic = Traffic()
    when = lambda: traffic.random.randrange(ROUND_MS - 60)
    for index, kind in enumerate(kinds(900, 60, 12, 20)):
        traffic.dns(when(), kind, ipv6=index % 5 == 4)
    for index, kind in enumerate(kinds(340, 24, 6, 8)):
        traffic.web(when(), kind, tls=index % 2 == 0)
    for index in range(24):
        traffic.sms_session(traffic.random.randrange(100), 25, pushed=5 + index % 15 if index % 2 else 0)
    for index, kind in enumerate(kinds(240, 20, 8)):
        traffic.call(when(), kind, message=index % 6 == 5 and kind == 'good')
    for _ in range(60):
        traffic.other(when())
    traffic.balance()
    for frames in traffic.frames.values():
        frames.sort(key=lambda item: item[0])
    return traffic.frames


def write():
    for to_core, frames in make().items():
        with open(FOLDER / ('access.pcap' if to_core else 'core.pcap'), 'wb') as out:
            out.write(packets.pcap_header())
            for at, raw in frames:
                out.write(packets.pcap_record(raw, 1767225600, at * 1000))
        print('%s: %d frames' % (out.name, len(frames)))


if __name__ == '__main__':
    write()
