# SPDX-License-Identifier: Apache-2.0
"""What scripts/demo says, in English and Chinese, and how wide it is on a terminal."""
import unicodedata


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in 'WF' else 1 for char in text)


def fill(text, columns):
    return text + ' ' * max(0, columns - width(text))


def right(text, columns):
    return ' ' * max(0, columns - width(text)) + text


def cut(text, columns):
    while width(text) > columns:
        text = text[:-1]
    return text


def language_of(environment):
    """As the programs choose it (src/app/language.h)."""
    named = [environment[name] for name in ('LC_ALL', 'LC_MESSAGES', 'LANG') if environment.get(name)]
    return 'zh' if named and named[0].startswith('zh') else 'en'


def what(record):
    """The message in a few words; numbers are masked already."""
    own = record['telefence']
    for key in ('call', 'sms'):
        if key in record:
            text = '%s → %s' % (record[key]['from'], record[key]['to'])
            return text + '  ' + own['matched'] if own['kind'] == 'pattern' else text
    if 'dns' in record:
        return '%s %s' % (record['dns']['rrname'], record['dns']['rrtype'])
    if 'http' in record:
        return 'http://%s%s' % (record['http']['hostname'], record['http'].get('url', ''))
    return (record.get('tls') or record.get('quic') or {}).get('sni', '')


class English:
    is_chinese = False
    channels = {'dns': 'DNS', 'web': 'HTTP/TLS', 'sms': 'SMS', 'call': 'calls'}
    heads = ('channel', 'inspected', 'blocked', 'tagged')
    newest = 'newest interceptions (numbers masked)'
    pushed = 'new blocks, pushed while traffic runs'
    stopped = 'stopped; nothing is left behind'
    kinds = {'domain': 'domain', 'number': 'number', 'pattern': 'SMS pattern'}
    waiting = 'on its way ...'
    no_push = 'too short a run to push all three blocks: give --seconds 12 or more'
    wrong_sum = 'the fates of the packets do not add up'
    categories = responses = {}

    def headline(self, elapsed, seconds):
        return 'telefence demo, %d of %d s (Ctrl-C stops): 5 protocols, DPDK, no NIC, no root' % (elapsed, seconds)

    def addresses(self, port, command):
        return ['metrics http://127.0.0.1:%d/metrics' % port, 'ask it  %s' % command]

    def columns(self):
        return fill(self.heads[0], 12) + ''.join(right(head, 14) for head in self.heads[1:])

    def row(self, channel, *figures):
        return fill(self.channels[channel], 12) + ''.join(right(f'{figure:,}', 14) for figure in figures)

    def packets(self, received, rate):
        pace = '' if rate is None else f', {rate:,.0f} per second (paced by the demo, no limit)'
        return f'packets: {received:,} in' + pace

    def interception(self, record):
        own, category = record['telefence'], record['alert']['category']
        response = ' '.join(self.responses.get(word, word) for word in own['response'].split())
        return '  %s  %s %s %s %s' % (record['timestamp'][11:23], fill(self.channels[own['channel']], 8), fill(response, 15),
                                      fill(self.categories.get(category, category), 14), what(record))

    def push(self, push):
        return '  %s %s  %s' % (fill(self.kinds[push.kind], 11), fill(push.value, 26), self.state(push))

    def state(self, push):
        if push.bit_ms is None:
            return self.waiting
        in_force = '' if push.in_force_ms is None else 'active in %.0f ms, ' % push.in_force_ms
        return in_force + 'first stop in %.0f ms' % push.bit_ms

    def no_bite(self, push):
        return 'the pushed %s %s stopped nothing' % (self.kinds[push.kind], push.value)

    def summary(self, seconds, rows, packets, records, pushes):
        (inspected, blocked, tagged), (received, fates, lost) = (sum(column) for column in zip(*rows.values())), packets
        lines = [f'In {seconds} s: {received:,} packets in, {inspected:,} messages inspected, {blocked:,} blocked, '
                 f'{tagged:,} tagged, {records:,} records written.',
                 f'Every packet had exactly one fate ({fates:,} of {received:,}); {lost:,} were lost.',
                 'Pushed while traffic ran (active: published until all workers use it; first stop: command until a message was refused):']
        return '\n'.join(lines + [self.push(push) for push in pushes])

    def next(self, daemon, tool):
        return commands('Next:', (
            ('sudo scripts/demo-inline', 'in line between real clients and servers: dig, curl, sipp, SMPP'),
            ('%s replay scripts/demo.d/access.pcap -c config/monitor.yaml' % daemon, 'what would be blocked in a capture; give your own'),
            ('%s test number 110 -c config/monitor.yaml' % tool, 'why something is blocked, or never is'),
            ('docs/quickstart.md', 'your own traffic, your own blocks')))


class Chinese(English):
    is_chinese = True
    channels = {'dns': '域名', 'web': '网址', 'sms': '短信', 'call': '电话'}
    heads = ('通道', '检查', '拦截', '标记')
    newest = '最新拦截（号码已脱敏）'
    pushed = '运行中下发的新特征'
    stopped = '已停止，未留下任何文件或进程'
    kinds = {'domain': '域名', 'number': '号码', 'pattern': '短信特征'}
    waiting = '生效中……'
    no_push = '时间太短，三条新特征没有下发完：请用 --seconds 12 以上'
    wrong_sum = '报文去向之和与收到的报文数不符'
    categories = {'loan': '贷款诈骗', 'click-farm': '刷单返利', 'fake-police': '冒充公检法', 'romance-invest': '杀猪盘',
                  'fake-service': '冒充客服', 'impersonation': '冒充领导熟人', 'prize': '虚假中奖', 'credit': '虚假征信',
                  'phishing': '仿冒网站', 'malware-app': '涉诈App', 'spoofed-caller': '改号冒充', 'gambling': '网络赌博', 'other': '其他'}
    responses = {'answer': '应答', 'nxdomain': 'NXDOMAIN', 'page': '警示页', 'reset': '复位连接', 'neutralise': '单条拒绝', 'tag': '打标记',
                 'drop': '丢弃'}

    def headline(self, elapsed, seconds):
        return 'telefence 演示，第 %d / %d 秒（Ctrl-C 停止）：五种协议、DPDK、无需网卡和 root' % (elapsed, seconds)

    def addresses(self, port, command):
        return ['指标  http://127.0.0.1:%d/metrics' % port, '查询  %s' % command]

    def packets(self, received, rate):
        pace = '' if rate is None else f'，每秒 {rate:,.0f} 个（演示限速，不是性能上限）'
        return f'报文：收到 {received:,} 个' + pace

    def state(self, push):
        if push.bit_ms is None:
            return self.waiting
        in_force = '' if push.in_force_ms is None else '%.0f 毫秒后生效，' % push.in_force_ms
        return in_force + '%.0f 毫秒后拦下第一条' % push.bit_ms

    def no_bite(self, push):
        return '下发的%s %s 没有拦下任何消息' % (self.kinds[push.kind], push.value)

    def summary(self, seconds, rows, packets, records, pushes):
        (inspected, blocked, tagged), (received, fates, lost) = (sum(column) for column in zip(*rows.values())), packets
        lines = [f'{seconds} 秒内：收到报文 {received:,} 个，检查消息 {inspected:,} 条，拦截 {blocked:,} 条，标记 {tagged:,} 条，'
                 f'写入记录 {records:,} 条。',
                 f'每个报文都有且只有一个去向（{fates:,} / {received:,}）；丢失 {lost:,} 个。',
                 '运行中下发（生效：从发布到全部工作线程启用；拦下第一条：从执行命令起）：']
        return '\n'.join(lines + [self.push(push) for push in pushes])

    def next(self, daemon, tool):
        return commands('接下来：', (
            ('sudo scripts/demo-inline', '串接在真实客户端与服务器之间：dig、curl、sipp、SMPP'),
            ('%s replay scripts/demo.d/access.pcap -c config/monitor.yaml' % daemon, '一份抓包里会拦什么，可换成自己的'),
            ('%s test number 110 -c config/monitor.yaml' % tool, '某条为何被拦，或为何绝不拦'),
            ('docs/quickstart.zh-CN.md', '接入自己的流量，下发自己的特征')))


def commands(title, pairs):
    """Each command on a line, what it is for below it: long commands stay whole for copying."""
    return '\n'.join(['', title] + ['  %s\n      %s' % pair for pair in pairs])


def words(language):
    return Chinese() if language == 'zh' else English()
