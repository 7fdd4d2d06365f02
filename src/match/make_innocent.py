#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the innocent texts and URLs (innocent/*.txt, one a line, # begins a comment) as a C++ file.

Usage: make_innocent.py FILES... OUTPUT
"""
import pathlib
import sys


def lines_of(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def array(name, lines):
    body = "".join(f"    {literal(line)},\n" for line in lines)
    return f"constexpr std::string_view {name}[] = {{\n{body}}};\n"


def main():
    *files, output = sys.argv[1:]
    texts = [line for file in files if not file.endswith("urls.txt") for line in lines_of(file)]
    urls = [line for file in files if file.endswith("urls.txt") for line in lines_of(file)]
    pathlib.Path(output).write_text(
        "// Made by make_innocent.py; do not edit.\n"
        '#include "match/innocent_texts.h"\n\n'
        "namespace telefence {\nnamespace {\n\n"
        + array("kTexts", texts) + "\n" + array("kUrls", urls)
        + "\n}  // namespace\n\n"
        "std::span<const std::string_view> innocent_texts() { return kTexts; }\n"
        "std::span<const std::string_view> innocent_urls() { return kUrls; }\n\n"
        "}  // namespace telefence\n", encoding="utf-8")


main()
