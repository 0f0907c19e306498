# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's source as text."""

import re


def definitions(text):
    """The functions that @text defines, libvirt's way: the name, or the
    return type before it, begins a line. Yield (name, start, end)."""
    for found in re.finditer(r'^(?:[A-Za-z_][\w \t*]*[ \t*])?([A-Za-z_]\w*)\(',
                             text, re.M):
        depth, pos = 1, found.end()
        while depth and pos < len(text):
            depth += {'(': 1, ')': -1}.get(text[pos], 0)
            pos += 1
        if re.match(r'[ \t]*(\w[\w() \t,]*)?\n\{', text[pos:pos + 200]):
            close = text.find('\n}', pos)
            yield found[1], found.start(), len(text) if close < 0 else close + 2


def matcher(text):
    """A predicate on lines for an edit's TEXT."""
    text = text.strip()
    if len(text) > 2 and text[0] == text[-1] == '/' and text[1] != '*':
        regex = re.compile(text[1:-1])
        return lambda line: regex.search(line.strip()) is not None
    return lambda line: line.strip() == text
