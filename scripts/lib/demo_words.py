# SPDX-License-Identifier: Apache-2.0
"""What scripts/demo says, in English and Chinese, and how wide it is on a terminal."""
import unicodedata


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in 'WF' else 1 for char in text)


def fill(text, columns):
    return text + ' ' * max(0, columns - width(text))


def cut(text, columns):
    while width(text) > columns:
        text = text[:-1]
    return text


def what(record):
    """The message in a few words; numbers are masked already."""
    for key in ('call', 'sms'):
        if key in record:
            return '%s → %s' % (record[key]['from'], record[key]['to'])
    if 'dns' in record:
        return '%s %s' % (record['dns']['rrname'], record['dns']['rrtype'])
    if 'http' in record:
        return 'http://%s%s' % (record['http']['hostname'], record['http'].get('url', ''))
    return record.get('tls', {}).get('sni', '') + ' (SNI)'


class English:
    is_chinese = False
    channels = {'dns': 'DNS', 'web': 'HTTP/TLS', 'sms': 'SMS', 'call': 'calls'}
    headline = 'telefence demo: five protocols through DPDK, one core, no NIC, no root   %d of %d s, Ctrl-C stops'
    address = 'figures for Prometheus: http://127.0.0.1:%d/metrics'
    columns = fill('channel', 12) + '%14s%14s%14s' % ('inspected', 'blocked', 'tagged')
    packets = 'packets: %s in, %s per second (paced by the demo, not a limit)'
    newest = 'newest interceptions (numbers masked)'
    stopped = 'stopped; nothing is left behind'
    kinds = {'domain': 'domain', 'number': 'number', 'pattern': 'SMS pattern'}
    pushed = 'pushed %s %s: %s'
    bit = 'first message stopped after %.0f ms'
    waiting = 'on its way ...'

    def __init__(self):
        self.packets = _Counted(self.packets)

    @staticmethod
    def row(name, inspected, blocked, tagged):
        return fill(name, 12) + '%14s%14s%14s' % (f'{inspected:,}', f'{blocked:,}', f'{tagged:,}')

    def interception(self, record):
        own = record['telefence']
        return '  %s  %s %s %s' % (record['timestamp'][11:23], fill(self.channels.get(own['channel'], own['channel']), 9),
                                   fill(cut(what(record), 44), 45), fill(record['alert']['category'], 15) + own['response'])

    def push(self, push):
        state = self.waiting if push.bit_ms is None else self.bit % push.bit_ms
        return self.pushed % (self.kinds[push.kind], push.value, state)

    def summary(self, received, rows, lost, fates, records, pushes, seconds):
        inspected, blocked, tagged = (sum(row[index] for row in rows.values()) for index in range(3))
        lines = [f'In {seconds} s: {received:,} packets in, {inspected:,} messages inspected, {blocked:,} blocked, '
                 f'{tagged:,} tagged, {records:,} records written.',
                 f'Every packet had one fate ({fates:,} of {received:,}); {lost:,} were lost.']
        lines += ['  ' + self.push(push) for push in pushes]
        return '\n'.join(lines + ['', 'Next:',
                                  '  sudo scripts/demo-inline                       the filter in line between real clients and servers',
                                  '  build/src/app/telefence test number 110        why something is blocked, or never is',
                                  '  build/src/app/telefenced replay YOUR.pcap      what it would block in your traffic (touches nothing)',
                                  '  docs/operate.md                                first night on a real link: mode monitor'])


class Chinese(English):
    is_chinese = True
    channels = {'dns': '域名', 'web': '网址', 'sms': '短信', 'call': '电话'}
    headline = 'telefence 演示：五种协议经 DPDK 流水线，单核，无需网卡和 root   第 %d / %d 秒，Ctrl-C 停止'
    address = '指标（Prometheus）：http://127.0.0.1:%d/metrics'
    columns = fill('通道', 12) + ' ' * 10 + '检查' + ' ' * 10 + '拦截' + ' ' * 10 + '标记'
    packets = '报文：收到 %s 个，每秒 %s 个（演示限速，不是性能上限）'
    newest = '最新拦截（号码已脱敏）'
    stopped = '已停止，未留下任何文件或进程'
    kinds = {'domain': '域名', 'number': '号码', 'pattern': '短信特征'}
    pushed = '下发%s %s：%s'
    bit = '%.0f 毫秒后拦下第一条'
    waiting = '生效中……'

    def summary(self, received, rows, lost, fates, records, pushes, seconds):
        inspected, blocked, tagged = (sum(row[index] for row in rows.values()) for index in range(3))
        lines = [f'{seconds} 秒内：收到报文 {received:,} 个，检查消息 {inspected:,} 条，拦截 {blocked:,} 条，标记 {tagged:,} 条，'
                 f'写入记录 {records:,} 条。',
                 f'每个报文都有且只有一个去向（{fates:,} / {received:,}）；丢失 {lost:,} 个。']
        lines += ['  ' + self.push(push) for push in pushes]
        return '\n'.join(lines + ['', '接下来：',
                                  '  sudo scripts/demo-inline                       串接在真实客户端与服务器之间',
                                  '  build/src/app/telefence test number 110        某条为何被拦，或为何绝不拦',
                                  '  build/src/app/telefenced replay 你的.pcap      在你的流量里会拦什么（不改动任何报文）',
                                  '  docs/quickstart.zh-CN.md                       第一次接入真实链路：先用 monitor 模式'])


class _Counted(str):
    """A template whose numbers get thousands separators."""

    def __mod__(self, values):
        return str(self).replace('%s', '{:,.0f}').format(*values)


def words(language):
    return Chinese() if language == 'zh' else English()
