# SPDX-License-Identifier: Apache-2.0
"""By configuration 451 with the warning page itself (RFC 7725). Absolute form and CONNECT are requests too."""
from support import connection, messages, same, true

ABSOLUTE = b'GET http://shop.worse.example/x HTTP/1.1\r\nHost: shop.worse.example\r\n\r\n'
CONNECT = b'CONNECT bad.example:443 HTTP/1.1\r\nHost: bad.example:443\r\n\r\n'


def send():
    return {'access': connection(4000, 8080, messages.http_get('bad.example')) + connection(4001, 3128, ABSOLUTE) +
                      connection(4002, 3128, CONNECT), 'core': []}


def expect(seen):
    same(len(seen.back), 3, 'answers')
    for frame in seen.back:
        true(frame.payload.startswith(b'HTTP/1.1 451 '), 'status 451')
        head, _, body = frame.payload.partition(b'\r\n\r\n')
        length = [line for line in head.split(b'\r\n') if line.lower().startswith(b'content-length:')][0]
        same(int(length.split(b':')[1]), len(body), 'length of the page')
        true(b'<html' in body.lower(), 'a page')
