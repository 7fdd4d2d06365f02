# SPDX-License-Identifier: Apache-2.0
"""At equal depth an allow entry beats a block entry, and the most specific entry wins."""
from support import query, same

ALLOWED = [query('good.bad.example', 4000), query('deeper.good.bad.example', 4001), query('both.example', 4002)]
BLOCKED = [query('other.bad.example', 4003), query('worse.good.bad.example', 4004)]


def send():
    return {'access': ALLOWED + BLOCKED, 'core': []}


def expect(seen):
    same([frame.raw for frame in seen.onward], ALLOWED, 'frames to the core')
    same(len(seen.back), 2, 'answers')
