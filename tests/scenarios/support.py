# SPDX-License-Identifier: Apache-2.0
"""What every scenario's make.py uses: builders of packets and messages, and what came back."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'scripts', 'lib'))
import messages  # noqa: E402
import packets  # noqa: E402

CLIENT, SERVER = '10.1.0.1', '198.51.100.1'
CLIENT6, SERVER6 = '2001:db8:1::1', '2001:db8:2::1'


def query(name, port=4000, source=CLIENT, destination=SERVER, vlans=(), **more):
    return packets.udp_frame(source, port, destination, 53, messages.dns_query(name, **more), vlans)


def sip(payload, to_core=True, port=5060):
    if to_core:
        return packets.udp_frame(CLIENT, port, SERVER, 5060, payload)
    return packets.udp_frame(SERVER, 5060, CLIENT, port, payload, to_core=False)


def connection(port, service, request, here=1000, there=5000):
    """A client's side of a TCP connection that sends one request: SYN, ACK, request."""
    return [packets.tcp_frame(CLIENT, port, SERVER, service, seq=here, ack=0, flags=packets.SYN),
            packets.tcp_frame(CLIENT, port, SERVER, service, seq=here + 1, ack=there + 1, flags=packets.ACK),
            packets.tcp_frame(CLIENT, port, SERVER, service, request, seq=here + 1, ack=there + 1)]


def same(found, wanted, what):
    if found != wanted:
        raise AssertionError('%s: found %r, wanted %r' % (what, found, wanted))


def true(condition, what):
    if not condition:
        raise AssertionError(what)


class Seen:
    """What the daemon did. back: frames that left by the access port, onward: by the core port (both as packets.Frame);
    made_back and made_onward: those of them that nobody sent, thus the daemon's own. records: interceptions; anomalies: records of
    evasion; evasions: their counters that are not 0."""

    def __init__(self, sent, left, records, status):
        self.sent, self.status, self.fates = sent, status, status['packets']['fates']
        self.records = [record for record in records if record['event_type'] == 'alert']
        self.anomalies = [record for record in records if record['event_type'] == 'anomaly']
        self.evasions = {kind: count for kind, count in status['evasions'].items() if count}
        self.back = [packets.read_frame(raw) for raw in left['access']]
        self.onward = [packets.read_frame(raw) for raw in left['core']]
        self.made_back = self._made(self.back, sent['core'])
        self.made_onward = self._made(self.onward, sent['access'])

    @staticmethod
    def _made(left, sent):
        rest = list(sent)
        made = []
        for frame in left:
            if frame.raw in rest:
                rest.remove(frame.raw)
            else:
                made.append(frame)
        return made

    def fate(self, name):
        return self.fates.get(name, 0)

    def untouched_but_cut(self, ports):
        """As untouched(), but TCP segments to `ports` may have been held and cut in two: from each source port the same bytes left."""
        def is_cut(raw):
            return len(raw) > 38 and raw[12:14] == b'\x08\x00' and raw[23] == packets.TCP and int.from_bytes(raw[36:38], 'big') in ports
        left = [frame.raw for frame in self.onward]
        same([raw for raw in left if not is_cut(raw)], [raw for raw in self.sent['access'] if not is_cut(raw)], 'frames to the core')

        def by_source(raws):
            sources = {}
            for raw in filter(is_cut, raws):
                sources.setdefault(raw[34:36], []).append(raw)
            return sources
        arrived = by_source(left)
        for source, raws in by_source(self.sent['access']).items():
            mine = arrived.pop(source, [])
            if sorted(mine) != sorted(raws):
                same(*(sorted(b''.join(packets.read_frame(raw).payload for raw in one)) for one in (mine, raws)),
                     'bytes of segments that were cut')
        same(arrived, {}, 'segments that nobody sent')

    def untouched(self):
        """Every frame left by the other port, in order, byte for byte."""
        same([frame.raw for frame in self.onward], self.sent['access'], 'frames to the core')
        same([frame.raw for frame in self.back], self.sent['core'], 'frames to the subscribers')
