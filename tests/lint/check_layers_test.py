# SPDX-License-Identifier: Apache-2.0
"""scripts/check-layers must catch each kind of forbidden include, and say nothing about right ones."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).parent.parent.parent / 'scripts' / 'check-layers'
RULES = 'base :\nevent : base\nprotocols : base event\napp : *\n@rte_ : base\n'


class CheckLayers(unittest.TestCase):
    def check(self, path, text, rules=RULES):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder)
            (source / 'layers.txt').write_text(rules)
            file = source / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            done = subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def test_right_includes_pass(self):
        self.assertEqual(self.check('event/x.h', '#include "base/a.h"\n#include "event/y.h"\n#include <vector>\n')[0], 0)

    def test_app_may_include_everything(self):
        self.assertEqual(self.check('app/x.cc', '#include "protocols/a.h"\n')[0], 0)

    def test_a_folder_above_may_not_be_included(self):
        code, text = self.check('base/x.h', '#include "event/a.h"\n')
        self.assertEqual(code, 1)
        self.assertIn('base/x.h:1', text)

    def test_a_library_has_one_door(self):
        code, text = self.check('event/x.cc', '\n#include <rte_mbuf.h>\n')
        self.assertEqual(code, 1)
        self.assertIn('base/ only', text)

    def test_protocols_may_not_include_their_siblings(self):
        self.assertEqual(self.check('protocols/dns/x.cc', '#include "protocols/http/http.h"\n')[0], 1)
        self.assertEqual(self.check('protocols/dns/x.cc', '#include "protocols/wire/text.h"\n')[0], 0)
        self.assertEqual(self.check('protocols/dns/x.cc', '#include "protocols/protocol.h"\n')[0], 0)

    def test_a_folder_outside_the_plan_is_reported(self):
        self.assertEqual(self.check('extra/x.cc', '')[0], 1)

    def test_rules_may_only_name_folders_above(self):
        self.assertEqual(self.check('base/x.h', '', 'base : event\nevent :\n')[0], 1)


unittest.main()
