#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the character tables of normalise/ as C++: make_tables.py traditional.txt tables.cc

Folding: one table from UTF-16 unit to folded unit (0 = dropped), closed under itself so that folding twice changes nothing.
GB18030: the two-byte plane as a table, the four-byte basic plane as ranges; both from Python's own codec.
"""
import sys
import unicodedata

# What people write instead of a Latin letter. Same letter for both cases, so that real Cyrillic and Greek text still
# compares without regard to case.
LOOK_ALIKES = {}
for other, latin in (('аеорсухіјѕһԁԛԝкмнтв', 'aeopcyxijshdqwkmhtb'), ('αβεζηικμνορτυχ', 'abezhikmnoptyx'),
                     ('ıłøđɡɑʟɴʀᴏᴡᴠ', 'ilodgalnrowv')):
    LOOK_ALIKES.update(zip(other, latin))
# Chinese characters that stand for another one in fraud texts and nowhere else in modern text.
LOOK_ALIKES.update(zip('薇嶶徽溦伩綫', '微微微微信线'))
PUNCTUATION = dict(zip('‘’‚‛′＇`´“”„‟″〃「」『』〝〞‐‑‒–—―−﹣－﹘ー～〜∼。｡﹒⁄∕', "''''''''" + '"' * 12 + '-' * 11 + '~~~' + '。。.' + '//'))
DECORATION = ((0x2190, 0x21ff), (0x2300, 0x23ff), (0x2500, 0x2767), (0x2794, 0x27bf), (0x27f0, 0x27ff), (0x2900, 0x297f),
              (0x2b00, 0x2bff), (0xe000, 0xf8ff))
DECORATION_SINGLE = set('·•‣⁃‧∙⋅・･※〒〓〠〰〽˙¤§¶†‡№℡®©™♪')
MARKS = ((0x300, 0x36f), (0x483, 0x489), (0x1ab0, 0x1aff), (0x1dc0, 0x1dff), (0x20d0, 0x20ff), (0xfe00, 0xfe0f),
         (0xfe20, 0xfe2f))
FILLERS = {0x115f, 0x1160, 0x3164, 0xffa0, 0x2800, 0x034f, 0x180e}


def within(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def compatible(ch):
    """NFKC when it is one character; the middle of (1), the start of 1."""
    form = unicodedata.normalize('NFKC', ch)
    if len(form) == 3 and form[0] in '(〔' and form[2] in ')〕':
        form = form[1]
    elif len(form) == 2 and form[1] == '.':
        form = form[0]
    return form if len(form) == 1 and ord(form) < 0x10000 else ch


def without_accent(ch):
    form = unicodedata.normalize('NFD', ch)
    plain = len(form) > 1 and form[0].isascii() and all(unicodedata.category(mark) == 'Mn' for mark in form[1:])
    return form[0] if plain else ch


def fold_once(code, simplified):
    ch = chr(code)
    if code == 0xfffd or 0xd800 <= code <= 0xdfff or code in FILLERS or within(code, MARKS):
        return 0
    if ch.isspace() or unicodedata.category(ch) in ('Zs', 'Zl', 'Zp'):
        return 0x20
    if ch in PUNCTUATION:
        return ord(PUNCTUATION[ch])
    digit = unicodedata.digit(ch, None)
    if digit is not None:
        return 0x30 + digit
    if unicodedata.category(ch) in ('Cc', 'Cf') or ch in DECORATION_SINGLE or within(code, DECORATION):
        return 0
    ch = without_accent(compatible(ch))
    lower = ch.lower()
    ch = lower if len(lower) == 1 and ord(lower) < 0x10000 else ch
    ch = without_accent(ch)
    ch = LOOK_ALIKES.get(ch, ch)
    return ord(simplified.get(ch, ch))


def fold_table(simplified):
    once = [fold_once(code, simplified) for code in range(0x10000)]
    closed = []
    for code in range(0x10000):
        value = once[code]
        for _ in range(8):
            value = once[value] if value else 0
        if value:
            assert once[value] == value, hex(code)
        closed.append(value)
    return closed


def plane_one(first, last, basic):
    """Styled letters of plane 1 as basic ones; 0 = dropped."""
    values = []
    for code in range(first, last + 1):
        form = unicodedata.normalize('NFKC', chr(code))
        if len(form) == 3 and form[0] == '(':
            form = form[1]
        name = unicodedata.name(chr(code), '')
        if len(form) == 1 and ord(form) >= 0x10000 and 'LATIN CAPITAL LETTER ' in name:
            form = name.split('LATIN CAPITAL LETTER ')[1][:1]
        values.append(basic[ord(form)] if len(form) == 1 and ord(form) < 0x10000 else 0)
    return values


def gb_two_bytes():
    values = []
    for lead in range(0x81, 0xff):
        for trail in list(range(0x40, 0x7f)) + list(range(0x80, 0xff)):
            try:
                text = bytes((lead, trail)).decode('gb18030')
            except UnicodeDecodeError:
                text = ''
            values.append(ord(text) if len(text) == 1 else 0)
    return values


def gb_four_byte_ranges():
    ranges = []
    previous = None
    for linear in range(39420):
        rest, b4 = divmod(linear, 10)
        rest, b3 = divmod(rest, 126)
        b1, b2 = divmod(rest, 10)
        try:
            code = ord(bytes((0x81 + b1, 0x30 + b2, 0x81 + b3, 0x30 + b4)).decode('gb18030'))
        except (UnicodeDecodeError, TypeError):
            code = 0xfffd
        if previous is None or code != previous + 1:
            ranges.append((linear, code))
        previous = code
    return ranges


# What fold.cc has to look at twice: kept in step with is_separator() and latin_v_to_wei() there, and tested.
SEPARATORS = " ._-*|~^`'\"/\\+=#"
# The other dot that folds to itself and that a site may be written with, and a byte order mark the wrong way round.
OTHERS = '\u3002\ufffe'


def plain_bits(fold):
    """One bit for each unit that folds to itself and has no part in any rule about its neighbours, nor in how sites and byte orders are found."""
    def is_plain(code):
        return fold[code] == code and code != 0 and chr(code) not in SEPARATORS + OTHERS and chr(code) != '信'
    return [sum(is_plain(word * 64 + bit) << bit for bit in range(64)) for word in range(1024)]


def write_array(out, kind, name, size, values):
    out.write(f'constinit const {kind} {name}[{size}] = {{\n')
    for start in range(0, len(values), 24):
        out.write(','.join(values[start:start + 24]) + ',\n')
    out.write('};\n\n')


def main():
    simplified = {}
    with open(sys.argv[1], encoding='utf-8') as source:
        for line in source:
            if not line.startswith('#'):
                simplified.update((pair[0], pair[1]) for pair in line.split())
    fold = fold_table(simplified)
    ranges = gb_four_byte_ranges()
    with open(sys.argv[2], 'w', encoding='utf-8') as out:
        out.write('// Generated by make_tables.py.\n#include "normalise/tables.h"\n\nnamespace telefence {\n\n')
        write_array(out, 'std::uint16_t', 'kFoldTable', '65536', [str(v) for v in fold])
        write_array(out, 'std::uint64_t', 'kFoldPlain', '1024', [f'{v}u' for v in plain_bits(fold)])
        write_array(out, 'std::uint16_t', 'kFoldMathematical', '1024', [str(v) for v in plane_one(0x1d400, 0x1d7ff, fold)])
        write_array(out, 'std::uint16_t', 'kFoldEnclosed', '256', [str(v) for v in plane_one(0x1f100, 0x1f1ff, fold)])
        write_array(out, 'std::uint16_t', 'kGbTwoBytes', '126 * 190', [str(v) for v in gb_two_bytes()])
        write_array(out, 'GbRange', 'kGbFourByteRanges', '', [f'{{{a},{b}}}' for a, b in ranges])
        out.write(f'const std::size_t kGbFourByteRangeCount = {len(ranges)};\n\n}}  // namespace telefence\n')


main()
