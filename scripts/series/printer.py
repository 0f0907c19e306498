# SPDX-License-Identifier: LGPL-2.1-or-later
"""The repair of what Coccinelle's printer does to C."""

import difflib
import re

from .text import definitions


def tidy(old, new, rules=''):
    """Undo what Coccinelle's printer does to the lines it adds and libvirt's
    style does not have: the line broken between `}` and `else`, blanks on an
    empty line beside another, and a string right after `,`, `?`, `:` or `return`.
    And give the strings of @old and @rules their `%1$s` back."""
    new = raise_additions(old, restore_formats(old + rules, new))
    new = restore_empty_lines(old, new)
    broken = re.compile(r'^( *)\}\n\1else\b', re.M)
    if not broken.search(old):
        new = broken.sub(r'\1} else', new)
    new = re.sub(r'([{\n])\n +\n', r'\1\n', new)
    new = re.sub(r'\n +\n(?=\n)', r'\n', new)
    new = join_lines(old, forget_parameters(old, new))
    known = set(old.splitlines())
    return '\n'.join(line if line in known else
                     re.sub(r'("(?:[^"\\]|\\.)*")|([,?:]|\breturn)(?=")',
                            lambda m: m[1] or m[2] + ' ', line)
                     for line in new.split('\n'))


def restore_formats(known, new):
    """Coccinelle may print `%1s` for the `%1$s` of a string that one rule has added
    and another one has met."""
    for string in set(re.findall(r'"(?:[^"\\\n]|\\.)*%\d+\$(?:[^"\\\n]|\\.)*"', known)):
        printed = re.sub(r'(%\d+)\$', r'\1', string)
        if printed not in known:
            new = new.replace(printed, string)
    return new


def comment_above(text, start):
    """Where the comment right above the function is whose definition begins at @start:
    (begin, end), (head, head) if there is none."""
    # Above the name may be its return type.
    head = start - len(re.search(r'(?:[\w *]+\n)?\Z', text[max(start - 200, 0):start])[0])
    if not text.endswith('*/\n', 0, head):
        return head, head
    return text.rfind('/*', 0, head - 3), head


def raise_additions(old, new):
    """Coccinelle 1.3 puts what is added before a function between the comment above it and
    the function: put it above the comment."""
    places = {name: start for name, start, _ in definitions(new)}
    for name, start, _ in reversed(list(definitions(old))):
        begin, end = comment_above(old, start)
        comment = old[begin:end]
        if not comment or name not in places or new.count(comment) != 1:
            continue
        at = new.index(comment)
        head = comment_above(new, places[name])[1]
        if at + len(comment) < head:
            new = new[:at] + new[at + len(comment):head] + comment + new[head:]
    return new


def restore_empty_lines(old, new):
    """Coccinelle 1.3 removes the empty line above a label with the label: give it back."""
    for above, below in re.findall(r'^(.+\n)\n ?\w+:\n(.+\n)', old, re.M):
        if above + below not in old:
            new = new.replace(above + below, above + '\n' + below)
    return new


def parameters(definition):
    """The names of the parameters of a function, from the text of its
    definition."""
    listed = definition.partition('(')[2].partition('{')[0].rpartition(')')[0]
    return set(re.findall(r'(\w+)(?:\[\w*\])*(?:\s+G_GNUC_\w+)?\s*(?:,|$)', listed))


def forget_parameters(old, new):
    """Take the parameters which a function has lost out of the comment right
    above it: Coccinelle does not know what a comment says."""
    before = {name: parameters(old[start:end]) for name, start, end in definitions(old)}
    for name, start, end in reversed(list(definitions(new))):
        gone = before.get(name, set()) - parameters(new[start:end])
        begin, end = comment_above(new, start)
        if not gone or begin == end:
            continue
        comment = re.sub(r'^ \* @(?:' + '|'.join(sorted(gone)) + r'):.*\n(?: \*  +\S.*\n)*', '',
                         new[begin:end], flags=re.M)
        new = new[:begin] + comment + new[end:]
    return new


def join_lines(old, new):
    """Where the last argument on a line has gone, let the next line move up
    if that is short enough: `f(a,` is no line to leave behind."""
    before, after = old.split('\n'), new.split('\n')
    shorter = set()
    for _, i, end, j, stop in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        shorter |= {j + n for n in range(min(end - i, stop - j))
                    if after[j + n].endswith(',') and before[i + n] != after[j + n]
                    and before[i + n].startswith(after[j + n])}
    for n in sorted(shorter, reverse=True):
        joined = f'{after[n]} {after[n + 1].lstrip()}'
        if len(joined) <= 80:
            after[n:n + 2] = [joined]
    return '\n'.join(after)
