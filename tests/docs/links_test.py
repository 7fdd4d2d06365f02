#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Links and names of pages: what a reader is sent to must be there. Usage: links_test.py [ROOT]"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
SKIPPED = ('node_modules', '__pycache__', '.git')
# What operators and the people of an anti-fraud centre read exists in both languages.
FOR_PEOPLE = ('README', 'docs/quickstart', 'docs/operate', 'docs/signatures', 'docs/protocols')
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
NAMED_PAGE = re.compile(r'\bdocs/[\w.-]+\.md\b')


def files(*endings):
    for path in sorted(ROOT.rglob('*')):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and path.name.endswith(endings) and not any(part in SKIPPED or part.startswith('build') for part in parts):
            yield path


def without_code(text):
    return re.sub(r'```.*?```|`[^`\n]*`', '', text, flags=re.S)


def anchor_of(title):
    """As GitHub and most readers make it of a heading."""
    return re.sub(r'[^\w\- ]', '', title.strip().lower()).replace(' ', '-')


def anchors_of(page):
    return {anchor_of(title) for title in re.findall(r'^#+ (.*)$', page.read_text(), re.M)}


class Links(unittest.TestCase):
    def test_relative_links_resolve(self):
        broken = []
        for page in files('.md'):
            for target in LINK.findall(without_code(page.read_text())):
                if re.match(r'[a-z]+:', target):
                    continue
                name, _, anchor = target.partition('#')
                there = (page.parent / name).resolve() if name else page
                if not there.exists() or anchor and anchor not in anchors_of(there):
                    broken.append('%s: %s' % (page.relative_to(ROOT), target))
        self.assertEqual(broken, [])

    def test_pages_that_texts_and_sources_name_exist(self):
        broken = []
        for path in files('.md', '.md.in', '.h', '.cc', '.cc.in', '.py', '.yaml', '.yml', '.service', '.conf', '.build', '.txt'):
            for name in NAMED_PAGE.findall(path.read_text(errors='replace')):
                if not (ROOT / name).exists():
                    broken.append('%s: %s' % (path.relative_to(ROOT), name))
        self.assertEqual(broken, [])

    def test_pages_for_people_are_in_both_languages(self):
        for name in FOR_PEOPLE:
            english, chinese = ROOT / (name + '.md'), ROOT / (name + '.zh-CN.md')
            for page, other in ((english, chinese), (chinese, english)):
                self.assertTrue(page.exists(), page)
                self.assertIn('(%s)' % other.name, page.read_text(), '%s has no link to the other language' % page.name)
            titles = [len(re.findall(r'^## ', page.read_text(), re.M)) for page in (english, chinese)]
            self.assertEqual(*titles, 'sections of %s.md and of its Chinese twin' % name)

    def test_nothing_leads_out_of_the_repository(self):
        outside = [str(page.relative_to(ROOT)) for page in files('.md') if '../shared' in page.read_text()]
        self.assertEqual(outside, [])


if __name__ == '__main__':
    unittest.main(verbosity=2)
