# SPDX-License-Identifier: Apache-2.0
"""unbound with the names as local zones, or as a response policy zone."""
from measuring import ADDRESS, PATIENCE, SERVER, listed, measure, memory

CONTROL = '''remote-control:
  control-enable: yes
  control-interface: "%s/unbound.sock"
  control-use-cert: no
'''
SERVER_PART = '''server:
  interface: %s
  access-control: 0.0.0.0/0 allow
  num-threads: 1
  username: ""
  chroot: ""
  directory: "%s"
  pidfile: "%s/unbound.pid"
  use-syslog: no
  do-daemonize: no
  so-reuseport: no
'''
LOCAL = '''  module-config: "iterator"
  local-zone: "." redirect
  local-data: ". 60 IN A %s"
  include: "%s"
'''
# Local zones come before policy zones, authoritative ones after: so the innocent are answered from an authoritative root here.
RPZ = '''  module-config: "respip iterator"
auth-zone:
  name: "."
  zonefile: "%s"
  for-upstream: no
rpz:
  name: "rpz.rival."
  zonefile: "%s"
'''
ROOT_ZONE = '''. 60 IN SOA a.root. b.root. 1 3600 600 86400 60
. 60 IN NS a.root.
* 60 IN A %s
'''
RPZ_HEAD = '''$ORIGIN rpz.rival.
$TTL 60
@ IN SOA a.root. b.root. 1 3600 600 86400 60
@ IN NS a.root.
'''


class Unbound:
    """`kind`: local-zone or rpz."""

    def __init__(self, bench, kind):
        self.bench, self.kind, self.zones, self.process = bench, kind, bench.line.path('zones'), None
        self.control_file = bench.line.write('control.conf', CONTROL % bench.line.folder)

    def entry(self, name):
        if self.kind == 'rpz':
            return '%s CNAME .\n*.%s CNAME .\n' % (name, name)  # itself and all below, as for the others
        return 'local-zone: "%s." always_nxdomain\n' % name

    def start(self, names):
        line = self.bench.line
        with open(self.zones, 'w', encoding='ascii') as out:
            if self.kind == 'rpz':
                out.write(RPZ_HEAD)
            for i in range(names):
                out.write(self.entry(listed(i)))
        config = SERVER_PART % (SERVER, line.folder, line.folder)
        if self.kind == 'rpz':
            config += RPZ % (line.write('root.zone', ROOT_ZONE % ADDRESS), self.zones)
        else:
            config += LOCAL % (ADDRESS, self.zones)
        config = line.write('unbound.conf', config + CONTROL % line.folder)
        self.process, began = self.bench.start(line.server, 'unbound', 'unbound', '-d', '-c', config)
        return began

    def empty_memory(self):
        began = self.start(0)
        self.bench.wait_answer(self.process, began, 'unbound.log', 'www.example.org', 'NOERROR')
        used = memory(self.process)
        self.bench.end(self.process)
        return used

    def append(self, name):
        with open(self.zones, 'a', encoding='ascii') as out:
            out.write(self.entry(name))

    def control(self, *command):
        # Not with the whole configuration: unbound-control would read all names, too.
        self.bench.line.at(self.bench.line.server, 'unbound-control', '-c', self.control_file, *command, timeout=PATIENCE + 30, check=True)

    def change(self, name, act, way):
        return self.bench.change(self.process, 'unbound.log', name, act, way)


def local_zone(bench, row):
    row['server'] = 'unbound, local-zone'
    unbound = Unbound(bench, 'local-zone')
    without = unbound.empty_memory()
    began = unbound.start(bench.names)
    row.update(measure(bench, row['server'], unbound.process, began, 'unbound.log', without))
    # The reload first: after local_zone, unbound 1.17.1 no longer finds the root's local zone for names that sort between the new zone and
    # the next one (shorter labels first), and asks the Internet for them.
    unbound.append('again.example')
    row['reload'] = unbound.change('again.example', lambda: unbound.control('reload'), 'unbound-control reload')
    if 'failed' not in row['reload']:
        row['one_added'] = unbound.change('new.example', lambda: unbound.control('local_zone', 'new.example.', 'always_nxdomain'),
                                          'unbound-control local_zone')
        row['one_added']['innocent_behind_it'] = bench.resolver.ask('about.example', 3)[0]
    bench.end(unbound.process)
    return row


def rpz(bench, row):
    row['server'] = 'unbound, RPZ'
    unbound = Unbound(bench, 'rpz')
    without = unbound.empty_memory()
    began = unbound.start(bench.names)
    row.update(measure(bench, row['server'], unbound.process, began, 'unbound.log', without))

    def added():
        unbound.append('new.example')
        unbound.control('auth_zone_reload', 'rpz.rival.')

    row['one_added'] = unbound.change('new.example', added, 'two lines more in the zone file, and unbound-control auth_zone_reload')
    if 'failed' not in row['one_added']:
        unbound.append('again.example')
        row['reload'] = unbound.change('again.example', lambda: unbound.control('reload'), 'unbound-control reload')
    bench.end(unbound.process)
    return row
