# SPDX-License-Identifier: Apache-2.0
"""Pages against the sources they speak of: names that people look up must all be explained, in both languages."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text_of(name):
    return (ROOT / name).read_text()


def both(page):
    return [(name, text_of(name)) for name in ('docs/%s.md' % page, 'docs/%s.zh-CN.md' % page)]


class Agreement(unittest.TestCase):
    def test_every_fate_is_explained(self):
        source = text_of('src/verdict/verdict.cc')
        fates = re.findall(r'"(\w+)"', source[source.index('kFates'):source.index('}', source.index('kFates = {'))])
        self.assertGreater(len(fates), 20)
        for name, page in both('operate'):
            rows = re.findall(r'^\| `(\w+)` \|', page, re.M)
            self.assertEqual([fate for fate in fates if fate not in rows], [], name)
            gone = [row for row in rows if row.startswith(('forwarded_', 'dropped_')) and row not in fates]
            self.assertEqual(gone, [], '%s explains what is no more' % name)

    def test_every_kind_of_evasion_is_explained(self):
        source = text_of('src/verdict/evasion.cc')
        kinds = re.findall(r'"(\w+)"', source[source.index('kNames'):source.index('};', source.index('kNames'))])
        self.assertGreater(len(kinds), 5)
        for name, page in both('protocols'):
            rows = re.findall(r'^\| `(\w+)` \|', page[page.index('anomaly.event'):], re.M)
            self.assertEqual(rows, kinds, name)

    def test_every_field_of_a_record_is_explained(self):
        fields = set(re.findall(r'append_\w+\(out, (?:is_http \? )?"(\w+)"', text_of('src/record/eve.cc')))
        fields |= set(re.findall(r'"(hostname|sni)"', text_of('src/record/eve.cc')))
        self.assertGreater(len(fields), 50)
        for name, page in both('records'):
            told = {part for row in re.findall(r'^\| (`.*)\|$', page, re.M) for word in re.findall(r'`([\w.]+)`', row) for part in word.split('.')}
            self.assertEqual(sorted(fields - told), [], name)

    def test_every_alert_is_explained(self):
        alerts = re.findall(r'alert: (\w+)', text_of('config/prometheus/rules.yml'))
        self.assertTrue(alerts)
        for name, page in both('operate'):
            self.assertEqual([alert for alert in alerts if alert not in page], [], name)
            self.assertEqual([alert for alert in re.findall(r'\bTelefence\w+', page) if alert not in alerts], [], name)

    def test_every_metric_named_is_served(self):
        served = set(re.findall(r'`(telefence_\w+)`', text_of('docs/metrics.md')))
        for page in ('operate', 'signatures'):
            for name, text in both(page):
                self.assertEqual([metric for metric in re.findall(r'\btelefence_\w+', text) if metric not in served], [], name)

    def test_numbers_that_are_never_blocked_are_listed(self):
        numbers = re.findall(r'\{"(\d+)", "[^"]*", "[^"]*"(, true)?\}', text_of('src/decide/never_block.cc'))
        self.assertGreater(len(numbers), 50)
        wanted = sorted(number + ('*' if may_quote else '') for number, may_quote in numbers)
        for name, page in both('signatures'):
            rows = [row for row in re.findall(r'^\| [^|]+ \| ([\d* ]+) \|$', page, re.M)]
            self.assertEqual(sorted(' '.join(rows).split()), wanted, name)

    def test_categories_are_listed_with_their_chinese_names(self):
        source = text_of('src/verdict/verdict.cc')
        english, chinese = (re.findall(r'"([^"]+)"', source[source.index(name):source.index('}', source.index(name))])
                            for name in ('kCategories', 'kCategoriesZh'))
        for name, page in both('signatures'):
            for pair in zip(english, chinese):
                self.assertIn('`%s` %s' % pair, page, name)

    def test_fields_of_op_lines_are_described(self):
        source = text_of('src/signatures/op_line.cc')
        fields = re.findall(r'"(\w+)"', source[source.index('kFields'):source.index('}', source.index('kFields = {'))])
        self.assertGreater(len(fields), 10)
        for name, page in both('signatures'):
            rows = re.findall(r'^\| `(\w+)` \|', page, re.M)
            self.assertEqual([field for field in fields if field not in rows], [], name)

    def test_keys_of_pattern_files_are_described(self):
        source = text_of('src/signatures/pattern_files.cc')
        keys = {key for found in re.findall(r'check_keys\(node, \{([^}]*)\}|check_keys\(root, \{([^}]*)\}', source)
                for part in found for key in re.findall(r'"(\w+)"', part)}
        self.assertGreater(len(keys), 8)
        for name, page in both('signatures'):
            self.assertEqual([key for key in sorted(keys) if '`%s`' % key not in page], [], name)

    def test_protocols_have_their_column(self):
        folders = sorted(path.name for path in (ROOT / 'src/protocols').iterdir() if (path / (path.name + '.cc')).exists())
        for name, page in both('protocols'):
            head = re.search(r'^\| \| (`.*) \|$', page, re.M)[1]
            self.assertEqual(sorted(re.findall(r'`(\w+)`', head)), folders, name)

    def test_files_of_the_life_of_a_packet_are_there(self):
        page = text_of('docs/life-of-a-packet.md')
        named = re.findall(r'`(src/[\w./]+)`', page)
        self.assertGreater(len(named), 20)
        self.assertEqual([name for name in named if not (ROOT / name).exists()], [])


if __name__ == '__main__':
    unittest.main(verbosity=2)
