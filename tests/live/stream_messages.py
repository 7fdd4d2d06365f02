# SPDX-License-Identifier: Apache-2.0
"""Messages for the test of streams, and the judgement of what became of them. No network here."""
import collections
import random

LISTED_SENDER, LISTED_RECIPIENT = '8617000000001', '8617000000002'
LISTED_TEXTS = ('刷单返利日结,加微信abc12345领取佣金', 'Congratulations, you WIN A PRIZE of the lottery')
LISTED_SHARE = 0.1
STATUS = {'': 0, 'text': 0x45, 'sender': 0x0a, 'recipient': 0x0b}

PATTERNS = '''category: click-farm
tier: 1
source: live
patterns:
  - id: live-brush-order
    name: {en: "Paid fake orders", zh: "刷单返利"}
    regex: "刷单返利.{0,20}(微信|佣金)"
    must_match: ["刷单返利日结,加微信abc12345领取佣金"]
    must_not_match: ["您的快递已到"]
  - id: live-prize
    name: {en: "Prize", zh: "中奖"}
    regex: "you win a prize"
    must_match: ["Congratulations, you WIN A PRIZE of the lottery"]
    must_not_match: ["see you at noon"]
'''
FILLING = {False: 'the parcel is at the gate of the yard and can be fetched until nine ', True: '您的快递已到小区门口请凭取件码领取谢谢'}


def filled(random_, is_chinese, size):
    source = FILLING[is_chinese]
    start = random_.randrange(len(source))
    return (source * (size // len(source) + 2))[start:start + size].strip()


def message(random_, number, plain):
    """plain: what any gateway takes: one recipient, one part."""
    is_long = not plain and random_.random() < 0.02
    is_chinese = random_.random() < 0.5
    listed = random_.choices(('text', 'sender', 'recipient'), (70, 15, 15))[0] if random_.random() < LISTED_SHARE else ''
    # Only the first 4096 characters of a text are looked at (normalise/sms_text.h).
    most = (3000 if is_chinese else 4000) if is_long else (24 if is_chinese else 100)
    text = filled(random_, is_chinese, random_.randint(most // 10, most))
    if listed == 'text':
        at = random_.randint(0, len(text))
        text = text[:at] + ' ' + LISTED_TEXTS[not is_chinese] + ' ' + text[at:]
    to = '86138%08d' % number
    if not plain and not is_long and random_.random() < 0.04:
        to = [to] + ['86137%d%07d' % (i, number) for i in range(random_.randint(1, 3))]
    arrives_to = to
    if listed == 'recipient' and isinstance(to, list):
        # Only the listed one does not get it.
        at = random_.randrange(len(to))
        to[at], listed = LISTED_RECIPIENT, ''
        arrives_to = to[:at] + ['0' * len(LISTED_RECIPIENT)] + to[at + 1:]
    elif listed == 'recipient':
        to = arrives_to = LISTED_RECIPIENT
    return {'id': str(number), 'from': LISTED_SENDER if listed == 'sender' else '86139%08d' % (number % 1000), 'to': to, 'arrives_to': arrives_to,
            'listed': listed, 'text': '#%07d %s' % (number, text), 'long': is_long}


def messages(count, seed, plain=False):
    random_ = random.Random(seed)
    return [message(random_, number, plain) for number in range(count)]


def is_blank(one):
    return one['text'].strip('\0 ') == '' and set(''.join(one['to'])) <= {'0', '+'}


def marks_of(text):
    """The number that a message bears, wherever it stands in what was delivered."""
    place = text.find('#')
    return text[place + 1:place + 8] if place >= 0 else ''


class Outcome:
    """What was wrong, each with examples; `statuses` by id, `arrived` as the server wrote it."""

    def __init__(self, sent, statuses, arrived, status_of=STATUS.get):
        good = [one for one in sent if not one['listed']]
        bad = {one['id']: one for one in sent if one['listed']}
        self.good, self.listed = len(good), collections.Counter(one['listed'] for one in bad.values())
        self.answered_otherwise = [(one['id'], statuses.get(one['id'])) for one in sent if len(statuses.get(one['id'], ())) != 1]
        self.good_refused = [(one['id'], statuses.get(one['id'])) for one in good if any(statuses.get(one['id'], ()))]
        self.not_refused = [(one['id'], one['listed'], statuses.get(one['id'])) for one in bad.values()
                            if statuses.get(one['id']) != [status_of(one['listed'])]]
        key = lambda one, to='to': (one['from'], ','.join(one[to]) if isinstance(one[to], list) else one[to], one['text'])
        seen = collections.Counter(key(one) for one in arrived)
        wanted = {one['id']: key(one, 'arrives_to') for one in good}
        self.not_once = [(number, seen[one]) for number, one in wanted.items() if seen[one] != 1]
        known = set(wanted.values())
        rest = [one for one in arrived if key(one) not in known]
        self.blanks = sum(map(is_blank, rest))
        # Whatever bears the mark or the text of a listed message was delivered at least in part.
        marks = {'%07d' % int(number) for number in bad}
        self.leaked = [(one['to'], one['text'][:80]) for one in rest
                       if marks_of(one['text']) in marks or any(text in one['text'] for text in LISTED_TEXTS)]
        self.strange = [(one['to'], one['text'][:80]) for one in rest if not is_blank(one)]
