# SPDX-License-Identifier: Apache-2.0
"""What a final response must copy from its request (RFC 3261, 8.2.6): Via, From, Call-ID, CSeq as they are, To with a tag."""
from support import same, true

SHORT = {'v': 'via', 'f': 'from', 't': 'to', 'i': 'call-id', 'l': 'content-length'}


def fields(message):
    found = {}
    for line in message.decode().split('\r\n\r\n')[0].split('\r\n')[1:]:
        name, _, value = line.partition(':')
        found[SHORT.get(name.strip().lower(), name.strip().lower())] = value.strip()
    return found


def check(request, reply, code):
    asked, said = fields(request), fields(reply)
    first = reply.decode().split('\r\n')[0]
    true(first.startswith('SIP/2.0 %d ' % code), 'status line %r' % first)
    for name in ('via', 'from', 'call-id', 'cseq'):
        same(said.get(name), asked[name], 'header ' + name)
    true(said['to'].startswith(asked['to']) and ';tag=' in said['to'], 'To carries a tag: %r' % said['to'])
    same(int(said['content-length']), len(reply.split(b'\r\n\r\n', 1)[1]), 'Content-Length')
