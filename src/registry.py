#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""registry.py TEMPLATE OUT TYPE SUFFIX NAME...: fills a registry template with one entry per folder name."""
import sys

template, out, type_name, suffix, *names = sys.argv[1:]
symbol = {'Protocol': 'kProtocol', 'Action': 'kAction'}[type_name]
spaces = [name + suffix for name in names]
declarations = '\n'.join(f'namespace telefence::{s} {{\nextern const {type_name} {symbol};\n}}' for s in spaces)
pointers = ', '.join(f'&{s}::{symbol}' for s in spaces)
with open(template, encoding='utf-8') as f:
    text = f.read()
with open(out, 'w', encoding='utf-8') as f:
    f.write(text.replace('@DECLARATIONS@', declarations).replace('@POINTERS@', pointers))
