#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of http_fuzz in corpus/: the bytes of TCP segments."""
import pathlib

corpus = pathlib.Path(__file__).parent / 'corpus'

seeds = {
    'get': b'GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n',
    'absolute': b'HEAD http://user@shop.example:8080?x HTTP/1.0\r\nHost: other.example\r\n\r\n',
    'connect': b'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n',
    'asterisk': b'OPTIONS * HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n',
    'bare_line_feeds': b'\r\n\nget / HTTP/1.1\nhost : shop.example\n\n',
    'folded': b'GET / HTTP/1.1\r\nHost:\r\n shop.example\r\nX: y\r\n\tz\r\n\r\n',
    'pipelined': b'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: b\r\n\r\n',
    'chunked': b'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA;x\r\n0123456789\r\n0\r\nT: u\r\n\r\n'
               b'GET / HTTP/1.1\r\nHost: b\r\n\r\n',
    'tail_missing': b'GET / HTTP/1.1\r\nHost: shop.example\r\nCookie: abc',
    'target_cut': b'GET /a/long/target',
    'no_version': b'GET /a\r\nHost: shop.example\r\n\r\n',
    'broken_version': b'PUT /a HTTP/1.\nHost: shop.example\n\n',
    'proxied': b'PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\nGET / HTTP/1.1\r\nHost: shop.example\r\n\r\n',
    'odd_ports': b'GET HTTP://a.example:80x/ HTTP/1.01\r\nHost: b.example:80:80\r\nHost: [::1]x\r\n\r\n',
    'rare_method_cut': b'PROPFIND  /' + b'a' * 60 + b' HTTP/1',
    'codings': b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\nContent-Length: 2\r\n\r\nab'
               b'GET / HTTP/1.1\r\nTransfer-Encoding:\r\nHost: b\r\n\r\n',
    'many': b'GET /\nHost:a\n\n' * 80,
    'response': b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
}
corpus.mkdir(exist_ok=True)
for title, data in seeds.items():
    (corpus / f'{title}.bin').write_bytes(data)
