#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plot.py RESULTS.json OUT.svg: queries a second of a core, memory and time to load, side by side."""
import html
import json
import sys

WIDTH, ROW, LEFT, BAR = 900, 22, 260, 520
PANELS = (('queries per second of CPU time', 'per_core_second', lambda v: '{:,.0f}'.format(v)),
          ('octets per name (memory beside that without names)', 'octets_per_name', lambda v: '%.0f' % v),
          ('seconds until all names are blocked', 'ready_s', lambda v: '%.1f s' % v),
          ('seconds until one added name is blocked', 'one_added.blocked_s', lambda v: '%.3g s' % v),
          ('queries lost meanwhile, of 10,000 a second', 'one_added.lost', lambda v: '{:,}'.format(v)),
          ('queries lost while all names are read anew', 'reload.lost', lambda v: '{:,}'.format(v)))


def at(row, key):
    for part in key.split('.'):
        row = row.get(part) if isinstance(row, dict) else None
    return row


def panel(out, y, title, key, text, rows):
    out.append('<text x="8" y="%d" font-weight="bold">%s</text>' % (y, html.escape(title)))
    values = [(row['server'], at(row, key)) for row in rows if at(row, key) is not None]
    most = max((value for _, value in values), default=0) or 1
    for name, value in values:
        y += ROW
        ours = name.startswith('telefenced')
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (LEFT - 8, y, html.escape(name)))
        out.append('<rect x="%d" y="%d" width="%.1f" height="14" fill="%s"/>' %
                   (LEFT, y - 11, max(BAR * value / most, 1), '#c0392b' if ours else '#7f8c8d'))
        out.append('<text x="%.1f" y="%d">%s</text>' % (LEFT + BAR * value / most + 6, y, text(value)))
    return y + 2 * ROW


def main():
    with open(sys.argv[1], encoding='utf-8') as source:
        data = json.load(source)
    rows = [row for row in data['results'] if row['names']]
    out, y = [], 24
    for title, key, text in PANELS:
        y = panel(out, y, title, key, text, rows)
    with open(sys.argv[2], 'w', encoding='utf-8') as svg:
        svg.write('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13">\n'
                  '<title>%s blocked names</title>\n<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n'
                  % (WIDTH, y, '{:,}'.format(data['names']), '\n'.join(out)))


if __name__ == '__main__':
    main()
