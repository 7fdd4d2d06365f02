# SPDX-License-Identifier: Apache-2.0
"""Initials of a QUIC client without any library (RFC 9000, 9001, 9369): what the scenarios send. Slow, and written from the
standards alone, so that it agrees with the daemon only where both are right.
"""
import hashlib
import hmac
import struct

V1, V2 = 0x00000001, 0x6b3343cf
SALTS = {V1: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a', V2: '0dede3def700a6db819381be6e269dcbf9bd2ed9'}
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)


# --- AES-128 (FIPS 197) and GCM (NIST SP 800-38D) ---
def _double(a):
    return (a << 1 ^ (0x11b if a & 0x80 else 0)) & 0xff


def _make_sbox():
    box, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= _double(p)  # times 3
        for shift in (1, 2, 4):
            q = (q ^ q << shift) & 0xff
        q ^= 0x09 if q & 0x80 else 0  # divided by 3
        box[p] = 0x63 ^ q ^ (q << 1 | q >> 7) & 0xff ^ (q << 2 | q >> 6) & 0xff ^ (q << 3 | q >> 5) & 0xff ^ (q << 4 | q >> 4) & 0xff
        if p == 1:
            return box


SBOX = _make_sbox()


def _round_keys(key):
    words, rcon = [list(key[i:i + 4]) for i in range(0, 16, 4)], 1
    while len(words) < 44:
        word = list(words[-1])
        if len(words) % 4 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = _double(rcon)
        words.append([a ^ b for a, b in zip(words[-4], word)])
    return [sum(words[i:i + 4], []) for i in range(0, 44, 4)]


def aes(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number, key in enumerate(keys[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]  # SubBytes, ShiftRows
        if number < 10:
            mixed = []
            for at in range(0, 16, 4):
                column = state[at:at + 4]
                everything = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [column[i] ^ everything ^ _double(column[i] ^ column[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def _ghash(h, data):
    y = 0
    for at in range(0, len(data), 16):
        x, v, y = y ^ int.from_bytes(data[at:at + 16].ljust(16, b'\0'), 'big'), h, 0
        for bit in range(127, -1, -1):
            if x >> bit & 1:
                y ^= v
            v = v >> 1 ^ (0xe1 << 120 if v & 1 else 0)
    return y


def _padded(data):
    return data + b'\0' * (-len(data) % 16)


def gcm_seal(key, nonce, associated, text):
    keys = _round_keys(key)
    stream = b''.join(aes(keys, nonce + struct.pack('!I', i + 2)) for i in range((len(text) + 15) // 16))
    sealed = bytes(a ^ b for a, b in zip(text, stream))
    lengths = struct.pack('!QQ', 8 * len(associated), 8 * len(sealed))
    tag = _ghash(int.from_bytes(aes(keys, bytes(16)), 'big'), _padded(associated) + _padded(sealed) + lengths)
    return sealed + bytes(a ^ b for a, b in zip(tag.to_bytes(16, 'big'), aes(keys, nonce + b'\0\0\0\1')))


# --- keys (RFC 9001, 5; RFC 9369, 3.3) ---
def _expand(secret, label, size):
    label = b'tls13 ' + label.encode()
    info = struct.pack('!HB', size, len(label)) + label + b'\0'
    return hmac.new(secret, info + b'\1', hashlib.sha256).digest()[:size]


def client_keys(version, first_id):
    initial = hmac.new(bytes.fromhex(SALTS[version]), first_id, hashlib.sha256).digest()
    secret = _expand(initial, 'client in', 32)
    prefix = 'quicv2 ' if version == V2 else 'quic '
    return [_expand(secret, prefix + name, size) for name, size in (('key', 16), ('iv', 12), ('hp', 16))]


# --- Google's QUIC, before the IETF's ---
def google_hello(name, version=b'Q046'):
    """A packet of Q043 or Q046 with a CHLO, in the clear."""
    values = [(b'PAD\0', b'-' * 600), (b'SNI\0', name.encode()), (b'VER\0', version), (b'NONP', b'n' * 32)]
    table, end = b'', 0
    for tag, value in values:
        end += len(value)
        table += tag + struct.pack('<I', end)
    message = b'CHLO' + struct.pack('<HH', len(values), 0) + table + b''.join(value for _, value in values)
    first_id = b'\x01\x02\x03\x04\x05\x06\x07\x08'
    head = b'\xc3' + version + b'\x50' + first_id + bytes([0, 0, 0, 1]) if version >= b'Q044' else b'\x0d' + first_id + version + b'\1'
    return (head + b'\x9b' * 12 + b'\xa0\x01' + struct.pack('!H', len(message)) + message).ljust(1350, b'\0')


# --- frames and packets (RFC 9000, 17 and 19) ---
def varint(value, size=None):
    size = size or (1 if value < 64 else 2 if value < 16384 else 4)
    return (value | {1: 0, 2: 1, 4: 2}[size] << (8 * size - 2)).to_bytes(size, 'big')


def crypto(offset, data):
    return b'\x06' + varint(offset) + varint(len(data)) + data


def _long_header(version, kind, destination, source):
    code = (kind + 1) % 4 if version == V2 else kind
    return bytes([0xc0 | code << 4]) + struct.pack('!IB', version, len(destination)) + destination + bytes([len(source)]) + source


def initial(frames, destination=b'\x83\x94\xc8\xf0\x3e\x51\x57\x08', source=b'\x0a\x0b\x0c\x0d', version=V1, number=0, first_id=None,
            token=b'', size=1200):
    """A packet padded to `size` bytes. first_id: what the keys come from when it is not `destination`."""
    key, iv, hp = client_keys(version, first_id or destination)
    head = _long_header(version, INITIAL, destination, source) + varint(len(token)) + token
    text = frames.ljust(max(size - len(head) - 2 - 4 - 16, 4), b'\0')
    head = bytes([head[0] | 3]) + head[1:] + varint(4 + len(text) + 16, 2)
    associated = head + struct.pack('!I', number)
    nonce = (int.from_bytes(iv, 'big') ^ number).to_bytes(12, 'big')
    sealed = gcm_seal(key, nonce, associated, text)
    mask = aes(_round_keys(hp), sealed[:16])  # the packet number has four bytes
    return (bytes([associated[0] ^ mask[0] & 15]) + head[1:] +
            bytes(a ^ b for a, b in zip(associated[-4:], mask[1:5])) + sealed)
