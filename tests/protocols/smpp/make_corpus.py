#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the SMPP fuzzer into corpus/: one segment payload per file, made field by field (SMPP 3.4, section 4)."""
import pathlib
import struct

OUT = pathlib.Path(__file__).parent / 'corpus'
SUBMIT, DELIVER, MULTI, DATA = 0x4, 0x5, 0x21, 0x103
UDH8, UDH16 = bytes.fromhex('0500032a0302'), bytes.fromhex('06080412340201')


def pdu(command, body=b'', status=0, sequence=1):
    return struct.pack('>IIII', 16 + len(body), command, status, sequence) + body


def tlv(tag, value):
    return struct.pack('>HH', tag, len(value)) + value


def address(number):
    return b'\1\1' + number + b'\0'


def message(command, text=b'hello', to=(b'8613800138000',), lists=(), esm=0, coding=0, tlvs=b'', sequence=1):
    body = b'\0' + address(b'10690001')
    if command == MULTI:
        body += bytes([len(to) + len(lists)]) + b''.join(b'\1' + address(number) for number in to)
        body += b''.join(b'\2' + name + b'\0' for name in lists)
    else:
        body += address(to[0])
    if command == DATA:
        body += bytes([esm, 1, coding])
    else:
        body += bytes([esm]) + b'\0\0' + b'\0' + b'000000010000000R\0' + bytes([1, 0, coding, 0, len(text)]) + text
    return pdu(command, body + tlvs, sequence=sequence)


SEEDS = {
    'submit_gsm7': message(SUBMIT, b'Your account is locked, visit fraud.example'),
    'submit_ucs2': message(SUBMIT, '您的账户已冻结'.encode('utf-16-be'), coding=8),
    'submit_gb18030': message(SUBMIT, '您的账户已冻结'.encode('gb18030'), coding=15),
    'submit_part8': message(SUBMIT, UDH8 + b'part two', esm=0x40),
    'submit_part16': message(SUBMIT, UDH16 + b'part one', esm=0x43),
    'submit_payload': message(SUBMIT, b'', tlvs=tlv(0x0424, b'a long text ' * 20)),
    'submit_sar': message(SUBMIT, tlvs=tlv(0x020c, b'\x12\x34') + tlv(0x020e, b'\3') + tlv(0x020f, b'\1')),
    'submit_both': message(SUBMIT, b'bait', tlvs=tlv(0x0424, b'hook')),
    'deliver': message(DELIVER, b'reply', to=(b'106900',)),
    'deliver_receipt': message(DELIVER, b'id:1 sub:001 dlvrd:001 stat:DELIVRD err:000', esm=4),
    'data': message(DATA, esm=0x40, tlvs=tlv(0x0424, UDH8 + b'payload') + tlv(0x0204, b'\0\1')),
    'multi': message(MULTI, to=(b'8613800138000', b'+10086', b'1'), lists=(b'friends',)),
    'responses': pdu(0x80000004, b'a1\0') + pdu(0x80000005, b'\0', 8, 2) + pdu(0x80000021, b'a\0\1\1\1' + b'10\0' + b'\0\0\0\x0b') +
                 pdu(0x80000103, b'', 0x45, 3),
    'session': pdu(0x9, b'user\0secret\0\0\x34\0\0\0') + pdu(0x15) + message(SUBMIT) + message(DELIVER) + pdu(0x6),
    'cut': message(SUBMIT, sequence=1) + message(SUBMIT, sequence=2)[:40],
}

OUT.mkdir(exist_ok=True)
for name, content in SEEDS.items():
    (OUT / f'{name}.bin').write_bytes(content)
