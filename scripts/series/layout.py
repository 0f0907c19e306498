# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions and the comments above them: what no step may leave behind.

A rule that puts a commented function in front of another, or a comment in front
of a function, does so by where the function begins, which may have a comment
already. The compiler does not mind.
"""

import re

from .text import definitions


def faults(old, new):
    """What is wrong with the functions of the text @new and was not in @old: a
    list of words."""
    old, new = differing(old, new)
    before, after = functions(old), functions(new)
    found = []
    for name, comments in after.items():
        known = before.get(name, [])
        if len(comments) > max(1, len(known)):
            found.append(f'{name}() is defined {len(comments)} times')
            continue
        for (comment, above), (had, was_above) in zip(comments, known or [('', '')]):
            if comment and above and not (had and was_above):
                found.append(f'{name}() has two comments above it')
            elif above and not comment and (had or not was_above):
                found.append(f'the comment above {name}() is separated from it')
            elif had and comment != had and new.count(had) == old.count(had):
                found.append(f'the comment of {name}() is not above it anymore')
            elif other_name(comment, name) and not other_name(had, name):
                found.append(f'the comment above {name}() is of {other_name(comment, name)}')
    return found


def other_name(comment, name):
    """What the doc comment says it is about, if that is not the function @name."""
    found = re.match(r'/\*\*\n \* (\w+):? *\n', comment)
    return found[1] if found and found[1] != name else None


def functions(text):
    """{name: [(the comment right above, another one above that) for each
    definition]}, with empty strings for those that are not there. A comment
    that a blank line separates counts if it is a doc comment."""
    found = {}
    for name, start, _ in definitions(text):
        # Above the name may be its type.
        while start and re.fullmatch(r'\w[\w *]*', text[line_before(text, start):start - 1]):
            start = line_before(text, start)
        comment = comment_above(text, start)
        above = start - len(comment) - 1 if comment else start
        other = comment_above(text, above)
        if not other:
            other = comment_above(text, len(text[:above].rstrip('\n')) + 1)
            other = other if other.startswith('/**') else ''
        found.setdefault(name, []).append((comment, other))
    return found


def line_before(text, start):
    """Where the line begins that is above the one that begins at @start."""
    return text.rfind('\n', 0, start - 1) + 1


def comment_above(text, start):
    """The block comment that ends on the line above the one at @start."""
    if text[start - 3:start] != '*/\n':
        return ''
    begin = text.rfind('/*', 0, start)
    return text[begin:start - 1] if begin == 0 or text[begin - 1] == '\n' else ''


def differing(old, new):
    """The parts of both texts that differ, with a definition more at each end."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old.startswith(new[low:middle], low):
            low = middle
        else:
            high = middle - 1
    same = low
    low, high = 0, min(len(old), len(new)) - same
    while low < high:
        middle = (low + high + 1) // 2
        if old.endswith(new[len(new) - middle:len(new) - low], 0, len(old) - low):
            low = middle
        else:
            high = middle - 1
    for _ in range(2):
        same = old.rfind('\n}', 0, max(same - 1, 0))
    start = old.find('\n', same + 1) + 1 if same >= 0 else 0
    end = len(old) - low
    for _ in range(2):
        end = old.find('\n}', end + 1) if end >= 0 else end
    end = len(old) if end < 0 else end + 2
    return old[start:end], new[start:len(new) - (len(old) - end)]
