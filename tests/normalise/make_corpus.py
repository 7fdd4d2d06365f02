#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the normalise fuzzers into corpus/: one input per file, as sms_text_fuzz.cc and names_fuzz.cc read them."""
import pathlib

OUT = pathlib.Path(__file__).parent / 'corpus'
GSM7, PACKED, ASCII, LATIN1, UCS2, GB18030, UTF8, BINARY = range(8)


def packed(text):
    bits, have, out = 0, 0, bytearray()
    for octet in text.encode('ascii'):
        bits |= octet << have
        have += 7
        while have >= 8:
            out.append(bits & 0xff)
            bits, have = bits >> 8, have - 8
    if have:
        out.append(bits)
    return bytes(out)


def sms(coding, body, header=b''):
    return bytes([coding, 1 if header else 0]) + header + body


PRIZE = '【中奖】恭喜您！点击 www.Evil。com/a?b=1 领取，加 V信：ａｂｃ_123，微－信 诈骗。退订回T'
LONG = '您的订单 http://user:pw@shop.example.com:8080/pay/x.php?id=9。谢谢！见bad.cn.Thanks 或 me@mail.example.org，１３８-0013-8000'
PART8 = bytes.fromhex('0500030c0201')
PART16 = bytes.fromhex('06080401020301') + b''
TEXTS = {
    'gsm7': sms(GSM7, b'WIN a PRIZE at evil.com/x \x1b\x65\x1b\x3c 100'),
    'gsm7_header': sms(GSM7, b'part of it: www.a.cn', PART8),
    'packed': sms(PACKED, packed('Go to http://evil.example/login now!')),
    'packed_filled': sms(PACKED, packed('evil.cn') + b'\x1a'),
    'ascii': sms(ASCII, b'call 95588, e-mail x@y.example'),
    'latin1': sms(LATIN1, 'Überfällig: www.bücher.example/ä'.encode('latin-1')),
    'ucs2': sms(UCS2, PRIZE.encode('utf-16-be')),
    'ucs2_mark': sms(UCS2, LONG.encode('utf-16')),
    'ucs2_pairs': sms(UCS2, '𝐖𝐢𝐧 🅰🅱 🎁𠮷 ①②③ ⓔⓥⓘⓛ．ｃｏｍ'.encode('utf-16-be')),
    'ucs2_part16': sms(UCS2, '刷单返利 日赚'.encode('utf-16-be'), PART16),
    'gb18030': sms(GB18030, (PRIZE + '㐀𠀀').encode('gb18030')),
    'utf8': sms(UTF8, (PRIZE + LONG).encode()),
    'utf8_hidden': sms(UTF8, 'e\u200bv\u00adil\u2060.c\ufeffom/p\u200ba 繁體中文 гооgle.com'.encode()),
    'utf8_broken': sms(UTF8, b'\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe4\xb8 ok.example'),
    'binary': sms(BINARY, bytes(range(64))),
    'lying_header': sms(GSM7, b'abc', bytes.fromhex('050003')),
}


def number(country, text, international=False):
    return bytes([2 | (4 if international else 0) | country << 3]) + text.encode()


NAMES = {
    'plain': b'\0WwW.Evil.Example.',
    'long': b'\0' + b'.'.join([b'a' * 63, b'b' * 63, b'c' * 63, b'd' * 61]),
    'escapes': b'\0a\\046b\\092.ex\\1ample',
    'literals': b'\x00[2001:db8::1]',
    'ipv4': b'\x00192.0.2.1',
    'idn': b'\0' + '例え.テスト。中国'.encode(),
    'idn_mapped': b'\0' + 'BÜCHER．straße.example'.encode(),
    'punycode': b'\0xn--fsq.xn--0zwm56d',
    'adblock': b'\0||evil.example^',
    'hosts': b'\x000.0.0.0 evil.example',
    'underscore': b'\0_dmarc.evil.example',
    'zero_octet': b'\0good.example\0' + 'ü.example'.encode(),
    'mobile': number(0, '+86 138-0013-8000'),
    'mobile_00': number(0, '008613800138000'),
    'mobile_zeros': number(0, '00008613800138000'),
    'mobile_trunk_zero': number(0, '86013800138000'),
    'landline': number(0, '(010) 6552 1234'),
    'service': number(0, '106900001234567890'),
    'service_international': number(0, '8610690000', True),
    'tel_uri': number(0, 'tel:+8613800138000;phone-context=x@y'),
    'escaped_plus': number(0, '%2B8613800138000@host'),
    'prefix': number(0, '+86170*'),
    'range': number(0, '170-179'),
    'american': number(1, '(212) 555-0100'),
    'german': number(3, '0049 30/123456'),
    'regex': b'\3(?i)\xe5\x88\xb7\xe5\x8d\x95.{0,5}[\xe8\xbf\x94a-z]\\x{4e00}\\Qa.b\\E+V\xe4\xbf\xa1',
    'text': b'\3' + '恭－喜 您ＷＩＮ　奖'.encode(),
}

for folder, seeds in (('sms_text', TEXTS), ('names', NAMES)):
    (OUT / folder).mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (OUT / folder / f'{name}.bin').write_bytes(content)
