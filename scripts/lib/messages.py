# SPDX-License-Identifier: Apache-2.0
"""Messages of the five protocols, as their senders would write them. Payloads only; packets.py wraps them."""
import struct

# --- DNS (RFC 1035) ---
A, AAAA, HTTPS = 1, 28, 65


def dns_name(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.') if label) + b'\0'


def dns_query(names, identification=0x1234, qtype=A, edns=True, payload_size=1232):
    """`names`: one name or a list of names (one question each)."""
    names = [names] if isinstance(names, str) else names
    head = struct.pack('!HHHHHH', identification, 0x0100, len(names), 0, 0, 1 if edns else 0)
    body = b''.join(dns_name(name) + struct.pack('!HH', qtype, 1) for name in names)
    return head + body + (b'\0' + struct.pack('!HHIH', 41, payload_size, 0, 0) if edns else b'')


class DnsAnswer:
    """What a reply says: code, flags, questions as raw bytes, answers as (type, ttl, rdata), extended errors (RFC 8914)."""

    def __init__(self, payload):
        self.identification, flags, questions, answers, authorities, additionals = struct.unpack_from('!HHHHHH', payload)
        self.is_reply, self.code = bool(flags & 0x8000), flags & 15
        self.questions, self.answers, self.extended_errors, self.has_edns = [], [], [], False
        at = 12
        for _ in range(questions):
            end = self._skip(payload, at) + 4
            self.questions.append(payload[at:end])
            at = end
        for index in range(answers + authorities + additionals):
            at = self._skip(payload, at)
            kind, _, ttl, length = struct.unpack_from('!HHIH', payload, at)
            rdata = payload[at + 10:at + 10 + length]
            at += 10 + length
            if kind == 41:
                self.has_edns = True
                self._options(rdata)
            elif index < answers:
                self.answers.append((kind, ttl, rdata))
        if at != len(payload):
            raise ValueError('DNS reply: %d bytes after its end' % (len(payload) - at))

    @staticmethod
    def _skip(payload, at):
        while payload[at]:
            if payload[at] >= 0xc0:
                return at + 2
            at += 1 + payload[at]
        return at + 1

    def _options(self, rdata):
        at = 0
        while at < len(rdata):
            code, length = struct.unpack_from('!HH', rdata, at)
            if code == 15:
                self.extended_errors.append(struct.unpack_from('!H', rdata, at + 4)[0])
            at += 4 + length


# --- HTTP/1.1 (RFC 9112) ---
def http_get(host, path='/', more=''):
    return ('GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: demo\r\nAccept: */*\r\n%s\r\n' % (path, host, more)).encode()


# --- TLS ClientHello (RFC 8446, 4.1.2; server name RFC 6066, 3) ---
def client_hello(host, random=b'\x5a' * 32):
    def extension(kind, body):
        return struct.pack('!HH', kind, len(body)) + body
    name = host.encode()
    extensions = b''.join([
        extension(0, struct.pack('!HBH', len(name) + 3, 0, len(name)) + name),
        extension(11, b'\x01\x00'), extension(10, b'\x00\x04\x00\x1d\x00\x17'),
        extension(16, b'\x00\x0c\x02h2\x08http/1.1'), extension(43, b'\x04\x03\x04\x03\x03'),
        extension(13, b'\x00\x06\x04\x03\x08\x04\x04\x01'),
        extension(51, struct.pack('!HHH', 36, 29, 32) + b'\x11' * 32)])
    body = b'\x03\x03' + random + b'\x20' + b'\x22' * 32 + b'\x00\x06\x13\x01\x13\x02\xc0\x2f' + b'\x01\x00'
    body += struct.pack('!H', len(extensions)) + extensions
    handshake = b'\x01' + struct.pack('!I', len(body))[1:] + body
    return b'\x16\x03\x01' + struct.pack('!H', len(handshake)) + handshake


# --- SMPP 3.4 (section 4) ---
SUBMIT_SM, DELIVER_SM, SUBMIT_RESP, ENQUIRE_LINK = 0x4, 0x5, 0x80000004, 0x15


def smpp_pdu(command, sequence, body=b'', status=0):
    return struct.pack('!IIII', 16 + len(body), command, status, sequence) + body


def smpp_number(number):
    """TON 1 says that a country code stands first, TON 0 nothing (SMPP 3.4, 5.2.5); numbering plan E.164."""
    digits = number.lstrip('+')
    return bytes([1 if number.startswith('+') or len(digits) >= 12 and not digits.startswith('1') else 0, 1])


def smpp_submit(sequence, source, destination, text, command=SUBMIT_SM, coding=8, payload_tlv=False):
    """Coding 8 is UCS-2, 0 and 1 are taken as ASCII characters here."""
    message = text if isinstance(text, bytes) else text.encode('utf-16-be' if coding == 8 else 'ascii')
    body = b'\0' + smpp_number(source) + source.encode() + b'\0' + smpp_number(destination) + destination.encode() + b'\0'
    body += bytes([0, 0, 0]) + b'\0\0' + bytes([1, 0, coding, 0])
    if payload_tlv:
        body += b'\0' + struct.pack('!HH', 0x0424, len(message)) + message
    else:
        body += bytes([len(message)]) + message
    return smpp_pdu(command, sequence, body)


def smpp_response(sequence, message_id='a1', status=0):
    return smpp_pdu(SUBMIT_RESP, sequence, message_id.encode() + b'\0', status)


def smpp_read(payload):
    """The (command, status, sequence, body) of each PDU."""
    pdus, at = [], 0
    while at + 16 <= len(payload):
        length, command, status, sequence = struct.unpack_from('!IIII', payload, at)
        pdus.append((command, status, sequence, payload[at + 16:at + length]))
        at += max(length, 16)
    return pdus


# --- SIP (RFC 3261) ---
def sip_request(method, calling, called, call_id, domain='ims.example', body='', kind='application/sdp', more='',
                branch=None, calling_host='10.1.0.1', sequence=1):
    lines = ['%s sip:%s@%s SIP/2.0' % (method, called, domain),
             'Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s' % (calling_host, branch or call_id),
             'From: <sip:%s@%s>;tag=from%s' % (calling, domain, call_id),
             'To: <sip:%s@%s>' % (called, domain), 'Call-ID: %s' % call_id, 'CSeq: %d %s' % (sequence, method),
             'Max-Forwards: 70', 'Contact: <sip:%s@%s:5060>' % (calling, calling_host)]
    encoded = body.encode()
    if more:
        lines.append(more)
    if body:
        lines.append('Content-Type: %s' % kind)
    lines.append('Content-Length: %d' % len(encoded))
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + encoded


def sip_ack(invite, reply):
    """The ACK that ends a refused INVITE (RFC 3261, 17.1.1.3): its top Via, and the To of the reply."""
    fields = dict(line.split(': ', 1) for line in invite.decode().split('\r\n\r\n')[0].split('\r\n')[1:])
    to_line = next(line for line in reply.decode().split('\r\n') if line.lower().startswith('to:'))
    first = invite.decode().split('\r\n')[0].replace('INVITE', 'ACK', 1)
    lines = [first, 'Via: ' + fields['Via'], 'From: ' + fields['From'], to_line, 'Call-ID: ' + fields['Call-ID'],
             'CSeq: 1 ACK', 'Max-Forwards: 70', 'Content-Length: 0']
    return '\r\n'.join(lines).encode() + b'\r\n\r\n'
