# SPDX-License-Identifier: Apache-2.0
"""Requests that servers forgive and filters misread. Each names a site of the list to some server."""
from evasion import opened, part
from support import same

BAD = 'pay.bad.example'
REQUESTS = {
    'case of the name of the field': 'GET / HTTP/1.1\r\nhOsT: %s\r\n\r\n' % BAD,
    'case of the host': 'GET / HTTP/1.1\r\nHost: pAy.BAD.eXample\r\n\r\n',
    'trailing dot': 'GET / HTTP/1.1\r\nHost: %s.\r\n\r\n' % BAD,
    'trailing dot and port': 'GET / HTTP/1.1\r\nHost: %s.:80\r\n\r\n' % BAD,
    'tabs around the host': 'GET / HTTP/1.1\r\nHost:\t\t%s\t \r\n\r\n' % BAD,
    'blank before the colon': 'GET / HTTP/1.1\r\nHost : %s\r\n\r\n' % BAD,
    'no blank': 'GET / HTTP/1.1\r\nHost:%s\r\n\r\n' % BAD,
    'folded before the host': 'GET / HTTP/1.1\r\nHost:\r\n %s\r\n\r\n' % BAD,
    'folded with a tab': 'GET / HTTP/1.1\r\nX: y\r\nHost: \r\n\t%s\r\n\r\n' % BAD,
    'folded behind the host': 'GET / HTTP/1.1\r\nHost: %s\r\n \r\n\r\n' % BAD,
    'bare line feeds': 'GET / HTTP/1.1\nHost: %s\n\n' % BAD,
    'empty lines in front': '\r\n\r\nGET / HTTP/1.1\r\nHost: %s\r\n\r\n' % BAD,
    'absolute form': 'GET http://%s/x HTTP/1.1\r\nHost: pay.fine.example\r\n\r\n' % BAD,
    'absolute form with user': 'GET http://pay.fine.example@%s/ HTTP/1.1\r\nHost: pay.fine.example\r\n\r\n' % BAD,
    'absolute form, and the true host in its line': 'GET http://pay.fine.example/ HTTP/1.1\r\nHost: %s\r\n\r\n' % BAD,
    'second host': 'GET / HTTP/1.1\r\nHost: pay.fine.example\r\nHost: %s\r\n\r\n' % BAD,
    'first of two hosts': 'GET / HTTP/1.1\r\nHost: %s\r\nHost: pay.fine.example\r\n\r\n' % BAD,
    'last of twenty': 'GET / HTTP/1.1\r\n%sHost: %s\r\n\r\n' % (''.join('Host: h%d.fine.example\r\n' % i for i in range(19)), BAD),
    'unknown method': 'BREW / HTTP/1.1\r\nHost: %s\r\n\r\n' % BAD,
    'version of a single digit': 'GET / HTTP/1.\r\nHost: %s\r\n\r\n' % BAD,
}
AMBIGUOUS = [name for name in REQUESTS if 'absolute' in name or name in ('second host', 'first of two hosts', 'last of twenty')]
# The same host twice, or an absolute form that agrees with its Host, is nothing odd.
INNOCENT = ['GET / HTTP/1.1\r\nHost: pay.fine.example\r\nhost: PAY.fine.example:80\r\n\r\n',
            'GET http://pay.fine.example/ HTTP/1.1\r\nHost: pay.fine.example\r\n\r\n']


def send():
    frames = []
    for number, request in enumerate(REQUESTS.values()):
        frames += opened(4000 + number, 80) + [part(4000 + number, 80, 0, request.encode())]
    for number, request in enumerate(INNOCENT):
        frames += opened(4100 + number, 80) + [part(4100 + number, 80, 0, request.encode())]
    return {'access': frames, 'core': []}


def expect(seen):
    refused = {record['src_port'] for record in seen.records}
    same([name for number, name in enumerate(REQUESTS) if 4000 + number not in refused], [], 'requests that slipped past')
    same(refused & {4100, 4101}, set(), 'innocent ones refused')
    told = {record['src_port'] for record in seen.anomalies}
    same([name for number, name in enumerate(REQUESTS) if 4000 + number in told], AMBIGUOUS, 'told as ambiguous')
    same(seen.evasions, {'ambiguous_host': len(AMBIGUOUS)}, 'counted')
    same(seen.fate('answered'), len(REQUESTS), 'answered: %s' % seen.fates)
