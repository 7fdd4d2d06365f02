# SPDX-License-Identifier: Apache-2.0
"""The blocks of commands in the pages that people copy from, run as they stand. Usage: commands_test.py BUILD_DIR

Left out are lines that begin with sudo or scripts/ (they change the machine, or are tests of their own); docs/signatures.md goes
on where the node of the quick start runs. A line with the comment
"exit code N" must end so, every other one with 0. Both languages must give the same commands.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''
# The metrics' usual port may be taken by another daemon on this machine.
ANY_PORT = ('listen: {control:', 'listen: {web: "127.0.0.1:0", control:')
PRELUDE = '''
say() { printf '\\n$ %s\\n' "$1"; }
# What is a moment for a reader may be too short on a loaded machine.
sleep() {
  command sleep "$(($1 * 2))"
  local tries=0
  until [ -z "${TELEFENCE_SOCKET:-}" ] || [ -S "$TELEFENCE_SOCKET" ] || [ $((tries += 1)) -gt 100 ]; do command sleep 0.2; done
}
expect() { local code=$?; if [ $code -ne "$1" ]; then printf 'WRONG: exit code %s instead of %s: %s\\n' $code "$1" "$2"; fi; }
'''


def blocks_of(page):
    return re.findall(r'^```sh\n(.*?)^```$', (ROOT / page).read_text(), re.M | re.S)


def without_comment(line):
    return re.sub(r'(^|\s+)#.*$', '', line)


def script_of(blocks):
    """The lines of the blocks, each followed by a look at its exit code; a here-document stays whole."""
    lines, ending = [PRELUDE], None
    for line in '\n'.join(blocks).splitlines():
        if ending is not None:
            lines.append(line.replace(*ANY_PORT))
            if line == ending:
                ending = None
                lines.append('expect 0 "here-document"')
            continue
        command = without_comment(line)
        if not command or re.match(r'(sudo|scripts/)', command):
            continue
        started = re.search(r"<<'?(\w+)'?", command)
        ending = started[1] if started else None
        quoted = "'%s'" % command.replace("'", "'\\''")
        wanted = re.search(r'exit code (\d+)', line)
        lines += ['say ' + quoted, command]
        if ending is None:
            lines.append('expect %s %s' % (wanted[1] if wanted else '0', quoted))
    return '\n'.join(lines) + '\n'


class Commands(unittest.TestCase):
    def run_page(self, page):
        return self.run_blocks(blocks_of(page))

    def run_blocks(self, blocks):
        with tempfile.TemporaryDirectory(prefix='telefence-docs-') as folder:
            for name in ('scripts', 'config', 'patterns', 'docs'):
                os.symlink(ROOT / name, os.path.join(folder, name))
            os.symlink(BUILD, os.path.join(folder, 'build'))
            env = {**os.environ, 'LANG': 'C.UTF-8', 'TMPDIR': folder}
            for name in ('LC_ALL', 'TELEFENCE_REDIS', 'TELEFENCE_SOCKET'):
                env.pop(name, None)
            done = subprocess.run(['bash', '-m', '-c', script_of(blocks)], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150, check=False)
            self.assertNotIn('WRONG', done.stdout, done.stdout)
            self.assertNotIn('command not found', done.stdout, done.stdout)
            left = [name for name in os.listdir(folder) if name.startswith('tmp.')]
            self.assertEqual(left, [], 'the page leaves its folder behind')
            return done.stdout

    def assert_signs_of_life(self, said):
        self.assertIn('sequence 3', said)
        self.assertIn('would be blocked', said)

    def test_quick_start(self):
        said = self.run_page('docs/quickstart.md')
        self.assert_signs_of_life(said)
        self.assertIn('never blocked', said)
        blocked = [int(figure.replace(',', '')) for figure in re.findall(r'(?m)^dns +[\d,]+ +([\d,]+)', said)]
        self.assertTrue(blocked[0] < blocked[-1], 'the pushed domain stopped nothing: %s\n%s' % (blocked, said))

    def test_read_me(self):
        self.assert_signs_of_life(self.run_page('README.md').replace('sequence 1', 'sequence 3'))

    def test_a_publisher_by_hand(self):
        quick_start = blocks_of('docs/quickstart.md')
        node = next(block for block in quick_start if 'cat > "$dir/node.yaml"' in block)
        end = ['kill %1 && wait', 'redis-cli -s "$dir/redis.sock" shutdown nosave', 'rm -r "$dir"']
        said = self.run_blocks([node] + blocks_of('docs/signatures.md') + end)
        self.assertRegex(said, 'connected, sequence 2')
        self.assertNotIn('problem', said)

    def test_both_languages_give_the_same_commands(self):
        for english in ('docs/quickstart.md', 'docs/signatures.md', 'docs/operate.md', 'README.md'):
            pages = [blocks_of(page) for page in (english, english.replace('.md', '.zh-CN.md'))]
            commands = [[without_comment(line) for line in '\n'.join(blocks).splitlines() if without_comment(line)] for blocks in pages]
            self.assertEqual(*commands, english)


if __name__ == '__main__':
    unittest.main(verbosity=2)
