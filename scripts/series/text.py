# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's source as text."""

import re


BRACKET = re.compile('[()]')
DEFINITION = re.compile(r'^(?:[A-Za-z_][\w \t*]*[ \t*])?([A-Za-z_]\w*)\(', re.M)


def definitions(text, name=None):
    """The functions that @text defines, or that of this name, libvirt's way: the
    name, or the return type before it, begins a line. Yield (name, start, end)."""
    for found in heads(text, name) if name else DEFINITION.finditer(text):
        depth, pos = 1, found.end()
        while depth:
            bracket = BRACKET.search(text, pos)
            if not bracket:
                pos = len(text)
                break
            depth += 1 if bracket[0] == '(' else -1
            pos = bracket.end()
        if re.match(r'[ \t]*(\w[\w() \t,]*)?\n+\{', text[pos:pos + 200]):
            close = text.find('\n}', pos)
            yield found[1], found.start(), len(text) if close < 0 else close + 2


def heads(text, name):
    """Matches of DEFINITION for the function @name."""
    for at in places(text, [name]):
        found = DEFINITION.match(text, text.rfind('\n', 0, at) + 1)
        if found and found.start(1) == at:
            yield found


def matcher(text):
    """A predicate on lines for an edit's TEXT."""
    text = text.strip()
    if len(text) > 2 and text[0] == text[-1] == '/' and text[1] != '*':
        regex = re.compile(text[1:-1])
        return lambda line: regex.search(line.strip()) is not None
    return lambda line: text in line and line.strip() == text


def parameter_list(definition):
    """The parameters of a function, as the text of its definition has them,
    with single blanks."""
    listed, depth = [''], 0
    for character in definition[definition.index('(') + 1:]:
        depth += {'(': 1, ')': -1}.get(character, 0)
        if depth < 0:
            break
        if character == ',' and not depth:
            listed.append('')
        else:
            listed[-1] += character
    return [' '.join(parameter.split()) for parameter in listed]


def is_named(text, words):
    """Does @text name one of @words?"""
    return any(True for _ in places(text, words))


def places(text, words):
    """Where @text names one of @words."""
    for word in words:
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            if not (at and is_word(text[at - 1])) and not is_word(text[end:end + 1]):
                yield at
            at = text.find(word, end)


def is_word(character):
    return character.isalnum() or character == '_'
