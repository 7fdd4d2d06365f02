# SPDX-License-Identifier: Apache-2.0
"""`meson install` into a folder: what the systemd unit and docs/operate.md count on is there. Usage: install_test.py BUILD_DIR"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''
ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix='telefence-install-')
        cls.root = pathlib.Path(cls.holder.name)
        done = run('meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', cls.holder.name)
        if done.returncode:
            raise AssertionError(done.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def found(self, ending):
        paths = [path for path in self.root.rglob('*') if str(path).endswith(ending)]
        self.assertEqual(len(paths), 1, ending)
        return paths[0]

    def test_what_a_node_needs_is_there(self):
        for ending in ('bin/telefenced', 'bin/telefence', 'systemd/system/telefenced.service', 'sysusers.d/telefence.conf',
                       'tmpfiles.d/telefence.conf', 'rules.d/60-telefence-vfio.rules', 'share/telefence/patterns/loan.yaml',
                       'examples/telefence.yaml', 'examples/monitor.yaml', 'examples/prometheus/rules.yml',
                       'doc/telefence/README.md', 'doc/telefence/docs/operate.zh-CN.md'):
            self.found(ending)

    def test_unit_starts_the_program_that_was_installed(self):
        unit = self.found('system/telefenced.service')
        for program in re.findall(r'^Exec\w+=(\S+)', unit.read_text(), re.M):
            self.assertTrue((self.root / program.lstrip('/')).exists(), program)
        page = re.search(r'^Documentation=file://(\S+)', unit.read_text(), re.M)[1]
        self.assertTrue((self.root / page.lstrip('/')).exists(), page)

    def test_unit_is_sound(self):
        if not shutil.which('systemd-analyze'):
            self.skipTest('systemd-analyze is not installed')
        text = self.found('system/telefenced.service').read_text()
        with tempfile.TemporaryDirectory(prefix='telefence-unit-') as folder:
            unit = pathlib.Path(folder, 'telefenced.service')
            unit.write_text(re.sub(r'^(Exec\w+)=', r'\1=' + str(self.root), text, flags=re.M))
            said = run('systemd-analyze', 'verify', '--man=no', str(unit)).stdout
        self.assertEqual([line for line in said.splitlines() if 'telefenced' in line], [])

    def test_user_and_folders_are_made(self):
        if not shutil.which('systemd-sysusers') or not shutil.which('systemd-tmpfiles') or os.geteuid() != 0:
            self.skipTest('needs root, systemd-sysusers and systemd-tmpfiles')
        with tempfile.TemporaryDirectory(prefix='telefence-root-') as fresh:
            os.mkdir(os.path.join(fresh, 'etc'))
            users = run('systemd-sysusers', '--root=' + fresh, str(self.found('sysusers.d/telefence.conf')))
            self.assertEqual(users.returncode, 0, users.stdout)
            self.assertRegex(pathlib.Path(fresh, 'etc/passwd').read_text(), r'(?m)^telefence:.*/nologin$')
            folders = run('systemd-tmpfiles', '--create', '--root=' + fresh, str(self.found('tmpfiles.d/telefence.conf')))
            self.assertEqual(folders.returncode, 0, folders.stdout)
            for name, mode in (('etc/telefence', 0o750), ('etc/telefence/lists', 0o750), ('var/log/telefence', 0o750)):
                self.assertEqual(pathlib.Path(fresh, name).stat().st_mode & 0o777, mode, name)

    def test_examples_load_where_they_are(self):
        # The starter pack is named by its installed place, which is elsewhere in this test.
        for name in ('telefence.yaml', 'monitor.yaml'):
            text = self.found('examples/' + name).read_text()
            patterns = re.search(r'patterns: \["(/\S*)\*\.yaml"\]', text)[1]
            self.assertTrue((self.root / patterns.lstrip('/')).is_dir(), patterns)
            copy = self.root / name
            copy.write_text(text.replace(patterns, str(self.root) + patterns).replace('/var/log/telefence/', str(self.root) + '/'))
            said = run(os.path.join(BUILD, 'src', 'app', 'telefenced'), 'check', str(copy))
            self.assertEqual(said.returncode, 0, said.stdout)
            copy.unlink()


if __name__ == '__main__':
    unittest.main(verbosity=2)
