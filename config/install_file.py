# SPDX-License-Identifier: Apache-2.0
"""A shipped file as it stands after installing: install_file.py IN OUT [FROM TO]...  replaces paths of the source tree by installed
ones. Each FROM must be there, so that no path is forgotten when the file changes."""
import sys

source, target, *pairs = sys.argv[1:]
with open(source, encoding='utf-8') as file:
    text = file.read()
for before, after in zip(pairs[::2], pairs[1::2]):
    if before not in text:
        sys.exit('%s: "%s" is not there' % (source, before))
    text = text.replace(before, after)
with open(target, 'w', encoding='utf-8') as file:
    file.write(text)
