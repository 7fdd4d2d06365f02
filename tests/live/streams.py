# SPDX-License-Identifier: Apache-2.0
"""Long-lived sessions through the daemon over a bad network: 1% of frames lost, 1 ms jitter and reordering on both sides of it.

Usage: streams.py BUILD_DIR [PART]...     PART: smpp kannel web quic dns sip (all)      Needs root.
STREAM_MESSAGES=N in the environment: so many messages per part (10000). STREAM_SEED: of the messages and the network (1).
It ends with a line "N passed, N failed" and exit code 0 only when nothing failed; 4 when this machine can't carry it.
"""
import os
import re
import shutil
import sys
import time

import inline
import kannel
import netns
import services
import stream_messages
from report import Report, carry_out

SESSIONS = 20
# Listed messages that may be delivered in part, or not refused, since they were let go before they were whole.
MOST_LATE_SHARE = 1 / 200
SEGMENT_BYTES = {'web': 300, 'dns': 88, 'sip': 300}
REQUESTS = 400
PICTURE = '''
  client %s --- [rough] --- access [ filter ] core --- [rough] --- server %s

[rough]: of every 100 frames one is lost, each is delayed by 0 to 2 ms of its own, and five do not wait at all.
'''


class Streams(inline.Inline):
    def __init__(self, line, build, report, count, seed):
        super().__init__(line, build, report)
        self.count, self.seed = count, seed
        self.patterns = line.write('patterns.yaml', stream_messages.PATTERNS)
        line.write('numbers.txt', '+%s\n+%s\n' % (stream_messages.LISTED_SENDER, stream_messages.LISTED_RECIPIENT))

    def metrics(self):
        text = self.line.at(self.line.middle, 'curl', '-s', 'http://127.0.0.1:9469/metrics').stdout
        return {name: float(value) for name, value in re.findall(r'^(telefence_\S+) (\S+)$', text, re.M)}

    def books(self):
        """Every packet has one fate or is held. Says what the streams went through."""
        for _ in range(100):
            metrics = self.metrics()
            received, held = metrics['telefence_packets_received_total'], metrics['telefence_held_packets']
            fates = {name.split('"')[1]: int(value) for name, value in metrics.items()
                     if name.startswith('telefence_packets_total') and value}
            if received == sum(fates.values()) + held:
                break
            time.sleep(0.1)
        told = [('holes told', int(metrics['telefence_stream_holes_told_total']))] + \
               [(name.split('"')[1], int(value)) for name, value in metrics.items()
                if name.startswith('telefence_stream_troubles_total') and value]
        self.report.check('fates and held packets add up to the packets received', received == sum(fates.values()) + held,
                          (received, fates, held), '%d received, %d held: %s\n%s' % (received, held, ', '.join('%s %d' % one for one in sorted(
                              fates.items(), key=lambda one: -one[1])), ', '.join('%s %d' % one for one in told)))

    def judge(self, sent, statuses, seconds, status_of=stream_messages.STATUS.get):
        check = self.report.check
        self.line.wait('what was sent to be written', lambda: len(services.delivered(self.line)) >= len(sent) - 1, 2, must=False)
        arrived = services.delivered(self.line)
        seen = stream_messages.Outcome(sent, statuses, arrived, status_of)
        few = lambda found: '%d: %s' % (len(found), found[:5])
        check('every message is answered exactly once', not seen.answered_otherwise, few(seen.answered_otherwise),
              '%d messages in %.1f s' % (len(sent), seconds))
        check('each of the %d innocent messages is answered ok' % seen.good, not seen.good_refused, few(seen.good_refused))
        check('... and delivered exactly once, as written', not seen.not_once, few(seen.not_once))
        listed = sum(seen.listed.values())
        late = int(self.metrics().get('telefence_stream_troubles_total{kind="late"}', 0))
        most = min(late, int(listed * MOST_LATE_SHARE))
        borne = '%d messages were let go before they were whole; of the listed ones %d were not refused, %d delivered in part'
        print('         (%s)' % (borne % (late, len(seen.not_refused), len(seen.strange))), flush=True)
        check('each listed message is refused to its sender (by text %(text)d, sender %(sender)d, recipient %(recipient)d)' % seen.listed,
              len(seen.not_refused) <= most, few(seen.not_refused))
        check('... and none of its text delivered', len(seen.leaked) <= most, few(seen.leaked))
        check('what was delivered in their place is blank and for nobody', len(seen.strange) <= most and seen.blanks + len(seen.strange) == listed,
              (seen.blanks, few(seen.strange)))

    def sessions_ended(self):
        found = re.findall(r'sessions ended: (\d+) by unbind, (\d+) otherwise', self.line.read('smsc.log'))
        return tuple(map(int, found[-1])) if found else (0, 0)

    def part(self, title):
        self.report.part(title)
        self.start()

    def smpp(self):
        line, check = self.line, self.report.check
        self.part('SMS: %d messages in %d SMPP sessions at once, npm smpp on both sides' % (self.count, SESSIONS))
        centre = services.sms_centre(line)
        sent = stream_messages.messages(self.count, self.seed)
        begin = time.monotonic()
        result = services.stream_messages(line, sent, SESSIONS, 60 + self.count // 100)
        seconds = time.monotonic() - begin
        check('no session was closed', not result['closedEarly'] and not result['errors'] and result['ended'] == SESSIONS,
              {key: value for key, value in result.items() if key != 'statuses'})
        line.wait('the SMS centre to see the end', lambda: sum(self.sessions_ended()) == SESSIONS, 5, must=False)
        check('... nor at the server: %d ended by unbind' % SESSIONS, self.sessions_ended() == (SESSIONS, 0), self.sessions_ended())
        self.judge(sent, result['statuses'], seconds)
        self.books()
        self.stop()
        line.stop(centre)

    def kannel(self):
        line, check = self.line, self.report.check
        if not shutil.which('bearerbox'):
            raise netns.NotPossible('the live test needs the Debian package kannel: scripts/setup installs it')
        self.part('SMS: %d messages from kannel, %d sessions' % (self.count, kannel.SESSIONS))
        centre = services.sms_centre(line)
        boxes = kannel.start(line)
        sent = stream_messages.messages(self.count, self.seed + 1, plain=True)
        begin = time.monotonic()
        statuses, troubles = kannel.send(line, sent, 60 + self.count // 50)
        seconds = time.monotonic() - begin
        check('kannel takes every message', not troubles, troubles[:5])
        check('no session was closed', self.sessions_ended() == (0, 0), self.sessions_ended())
        self.judge(sent, statuses, seconds)
        self.books()
        self.stop()
        for process in boxes + [centre]:
            line.stop(process)

    def web(self):
        line, check = self.line, self.report.check
        line.advertise_segments_of(line.server, 'server0', netns.SERVER, SEGMENT_BYTES['web'])
        self.part('Web: curl and nginx, requests and ClientHellos over several segments of at most %d bytes' % SEGMENT_BYTES['web'])
        process = services.nginx(line)
        label = '.'.join(letter * 60 for letter in 'abc')
        path = '/' + 'x' * 280
        for scheme in ('http', 'https'):
            urls = ['%s://%s.%d.fine.example%s' % (scheme, label, i, path) for i in range(100)]
            seen = services.curl_many(line, urls)
            good = sum(one == (0, 200, '') for one in seen)
            check('100 visits to %s://...fine.example: 200' % scheme, good == 100, [one for one in seen if one != (0, 200, '')][:5])
        for scheme, wanted in (('http', [(0, 302, 'https://warning.example/fraud')]), ('https', [(35, 0, ''), (56, 0, '')])):
            begin = time.monotonic()
            seen = services.curl_many(line, ['%s://%s.%d.bad.example%s' % (scheme, label, i, path) for i in range(100)])
            good = sum(one in wanted for one in seen)
            check('100 visits to %s://...bad.example: %s' % (scheme, 'the warning page' if scheme == 'http' else 'reset'), good == 100,
                  [one for one in seen if one not in wanted][:5], 'in %.1f s' % (time.monotonic() - begin))
        for scheme in ('http', 'https'):
            check('8 MiB from %s://www.fine.example: every byte as on the server' % scheme,
                  services.downloads_whole(line, scheme + '://www.fine.example/large', '--max-time', '60'))
        check('nginx never answered a request for bad.example', 'bad.example' not in line.read('access.log'))
        self.books()
        self.stop()
        line.stop(process)

    def quic(self):
        line, check = self.line, self.report.check
        self.part('Web: HTTP/3 by ngtcp2, and ClientHellos of some 2,300 octets by openssl')
        processes = [services.nginx(line), services.http3_server(line)]
        good = [services.http3_page(line, 'www%d.fine.example' % i) for i in range(10)]
        check('10 pages of fine.example over HTTP/3: there', all(good), good)
        bad = [services.http3_page(line, 'www%d.bad.example' % i, 3) for i in range(5)]
        check('5 pages of bad.example over HTTP/3: none', not any(bad), bad)
        seen = services.curl(line, 'https://www0.bad.example/')
        check('... and over TCP, to which browsers turn then: reset', seen[0] in (35, 56), seen)
        good = [services.long_hello(line, 'www%d.fine.example' % i) for i in range(20)]
        check('20 long ClientHellos for fine.example: answered', all(good), good)
        bad = [services.long_hello(line, 'www%d.bad.example' % i) for i in range(20)]
        check('20 long ClientHellos for bad.example: no answer', not any(bad), bad)
        self.books()
        self.stop()
        for process in processes:
            line.stop(process)

    def sip(self):
        line, check = self.line, self.report.check
        line.advertise_segments_of(line.server, 'server0', netns.SERVER, SEGMENT_BYTES['sip'])
        self.part('Calls and messages: sipp and sipp, %d requests over one TCP connection, segments of at most %d bytes' % (
            REQUESTS, SEGMENT_BYTES['sip']))
        process = services.sipp_tcp_server(line)
        good, bad, requests = set(), set(), []
        for i in range(REQUESTS):
            called, is_call, is_listed = '+86138%08d' % i, i % 2 == 0, i % 5 == 3
            by_text = is_listed and not is_call and i % 3 == 0
            calling = '+' + stream_messages.LISTED_SENDER if is_listed and not by_text else '+8613900000000'
            text = stream_messages.LISTED_TEXTS[i % 2] if by_text else '您的快递已到小区门口'
            requests.append(('INVITE' if is_call else 'MESSAGE', calling, called, text.replace(';', ',')))
            (bad if is_listed else good).add(called)
        seen, code, complaints = services.requests_over_tcp(line, requests, 120)
        check('the connection lives to its ordinary end', code == 0 and not complaints, (code, complaints[-400:]))
        check('each of the %d innocent calls and messages: 200' % len(good), all(seen.get(one) == 200 for one in good),
              [(one, seen.get(one)) for one in good if seen.get(one) != 200][:5])
        # What TCP repeats only when its timer ends (200 ms) comes when the wait (engine.hold, 200 ms) ends, too. What is late is refused by
        # what is there of it, or by CSeq when the rest comes; sipp looks at the method alone, so one may be through; and one of
        # 16 where the machine is so busy that many waits end.
        late = int(self.metrics().get('telefence_stream_troubles_total{kind="late"}', 0))
        most = min(late, max(1, late // 16))
        print('         (%d messages were let go before they were whole)' % late, flush=True)
        not_refused = [(one, seen.get(one)) for one in bad if seen.get(one) != 603]
        check('each of the %d listed ones: 603' % len(bad), len(not_refused) <= most, not_refused[:5])
        arrived = set(re.findall(r'^(?:INVITE|MESSAGE) sip:(\+\d+)@', line.read('sipp-tcp.messages'), re.M))
        check('the server was asked for the innocent ones alone', good <= arrived and len(arrived - good) <= most,
              (sorted(arrived - good)[:5], sorted(good - arrived)[:5]))
        self.books()
        self.stop()
        line.stop(process)

    def dns(self):
        line, check = self.line, self.report.check
        line.advertise_segments_of(line.server, 'server0', netns.SERVER, SEGMENT_BYTES['dns'])
        self.part('DNS over TCP: dig and unbound, queries over segments of at most %d bytes' % SEGMENT_BYTES['dns'])
        process = services.unbound(line, ['fine.example', 'bad.example'])
        label = '.'.join(letter * 40 for letter in 'ab')
        for what, more in (('each on its connection', ()), ('one connection for all', ('+keepopen',))):
            names = ['%s.%d.fine.example' % (label, i) for i in range(100)]
            seen = services.dig_many(line, names, *more)
            good = sum(seen.get(name) == ('NOERROR', '192.0.2.10') for name in names)
            check('100 look-ups of innocent names, %s: the true address' % what, good == 100,
                  [(name[-20:], seen.get(name)) for name in names if seen.get(name) != ('NOERROR', '192.0.2.10')][:5])
        names = ['%s.%d.bad.example' % (label, i) for i in range(100)]
        seen = services.dig_many(line, names)
        good = sum(seen.get(name) == ('NXDOMAIN', '') for name in names)
        check('100 look-ups of listed names: NXDOMAIN', good == 100, [(name[-20:], seen.get(name)) for name in names
                                                                     if seen.get(name) != ('NXDOMAIN', '')][:5])
        check('unbound never heard of bad.example', 'bad.example' not in line.read('unbound.log').lower().replace('"bad', ''))
        self.books()
        self.stop()
        line.stop(process)


PARTS = ('smpp', 'kannel', 'web', 'quic', 'dns', 'sip')


def main():
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(PARTS):
        sys.exit(__doc__)
    build = os.path.abspath(sys.argv[1])
    count, seed = int(os.environ.get('STREAM_MESSAGES', '10000')), int(os.environ.get('STREAM_SEED', '1'))
    rough = netns.Rough(os.path.join(build, 'tests', 'live', 'rough_link'), seed)
    line, report = netns.Line(rough=rough), Report()

    def work():
        print(PICTURE % (netns.CLIENT, netns.SERVER), flush=True)
        streams = Streams(line, build, report, count, seed)
        for part in sys.argv[2:] or PARTS:
            getattr(streams, part)()

    return carry_out(line, report, work)


if __name__ == '__main__':
    sys.exit(main())
