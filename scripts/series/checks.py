# SPDX-License-Identifier: LGPL-2.1-or-later
"""Postconditions."""

import functools
import os
import re
import shlex

from .releases import lines_for
from .text import definitions
from .tree import SeriesError, matching


class Check:
    """A step's postconditions."""

    SHAPES = {'absent': (2, None), 'present': (3, None), 'function': (2, 2),
              'no-function': (1, 1)}

    def __init__(self, path, version):
        self.conditions = []
        for number, line in lines_for(path.read_text(), version, path.name):
            try:
                words = shlex.split(line, comments=True)
                if words:
                    self.conditions.append((number, line.strip(), words[0],
                                            self.args(words)))
            except (ValueError, KeyError, re.error) as error:
                raise SeriesError(f'check:{number}: `{line.strip()}`: {error}') from error
        if not self.conditions:
            raise SeriesError('check: no postcondition')

    def args(self, words):
        word, args = words[0], words[1:]
        if word not in self.SHAPES:
            raise ValueError('unknown postcondition')
        least, most = self.SHAPES[word]
        if len(args) < least or most and len(args) > most:
            raise ValueError('wrong number of words')
        if word == 'absent':
            return [re.compile(args[0]), args[1:]]
        if word == 'present':
            if int(args[0]) < 1:
                raise ValueError('N must be at least 1')
            return [int(args[0]), re.compile(args[1]), args[2:]]
        return args

    def failures(self, view):
        """A list of words on each postcondition that is not met in a View of a tree."""
        return list(self.each_failure(view))

    def is_met(self, view):
        """Are all postconditions met?"""
        return not any(True for _ in self.each_failure(view))

    def each_failure(self, view):
        for number, line, word, args in self.conditions:
            why = getattr(self, word.replace('-', '_'))(view, *args)
            if why:
                yield f'check:{number}: `{line}`: {why}'

    @staticmethod
    def matches(view, regex, specs):
        """(why the pathspecs are wrong or None, the matching lines)"""
        hits = []
        for spec in specs:
            names = view.files(spec)
            if not names:
                return f'no tracked file matches {spec}', hits
            for name in names:
                hits += [f'{name}:{n}' for n in view.lines(regex, name)]
        return None, list(dict.fromkeys(hits))

    @classmethod
    def absent(cls, view, regex, specs):
        why, hits = cls.matches(view, regex, specs)
        if hits:
            why = 'still at ' + ' '.join(hits[:5]) + (' ...' if len(hits) > 5 else '')
        return why

    @classmethod
    def present(cls, view, least, regex, specs):
        why, hits = cls.matches(view, regex, specs)
        if not why and len(hits) < least:
            why = f'only {len(hits)} lines' if hits else 'no line'
        return why

    @staticmethod
    def function(view, name, file):
        if file not in view.files(file):
            return f'no tracked file {file}'
        count = view.count(name, file)
        return None if count == 1 else f'defined {count} times in {file}'

    @staticmethod
    def no_function(view, name):
        where = [file for file in view.files('**/*.c', '**/*.h')
                 if name in view.text(file) and view.count(name, file)]
        return f'still defined in {" ".join(where)}' if where else None


class View:
    """What the tracked files of a tree hold. It is remembered: whoever changes
    a file has to tell."""

    def __init__(self, tree):
        self.tree, self.names, self.found = tree, list(tree.files()), {}
        self.texts, self.hits = {}, {}

    def forget(self, names):
        """The files @names have changed, or are new."""
        for name in names:
            for known in (self.texts, *self.hits.values()):
                known.pop(name, None)
        if not set(names) <= set(self.names):
            self.names, self.found = list(self.tree.files()), {}

    def files(self, *specs):
        """The tracked files that match any of the pathspecs."""
        if specs not in self.found:
            self.found[specs] = matching(self.names, specs)
        return self.found[specs]

    def text(self, name):
        if name not in self.texts:
            path = f'{self.tree.path}/{name}'
            self.texts[name] = '' if os.path.islink(path) or not os.path.isfile(path) \
                else self.tree.read(name)
        return self.texts[name]

    def count(self, function, name):
        """How often the file defines the function."""
        return sum(1 for _ in definitions(self.text(name), function))

    def lines(self, regex, name):
        """The numbers of the file's lines that match."""
        known = self.hits.setdefault(regex, {})
        if name not in known:
            known[name] = matching_lines(regex, self.text(name))
        return known[name]


def matching_lines(regex, text):
    """The numbers of the lines of @text that match."""
    words = needles(regex.pattern)
    if not words:
        return [n for n, line in enumerate(text.splitlines(), 1) if regex.search(line)]
    starts = set()
    for word in words:
        at = text.find(word)
        while at >= 0:
            start, end = text.rfind('\n', 0, at) + 1, text.find('\n', at)
            end = len(text) if end < 0 else end
            if regex.search(text[start:end]):
                starts.add(start)
            at = text.find(word, end)
    return [text.count('\n', 0, start) + 1 for start in sorted(starts)]


@functools.cache
def needles(pattern):
    """Words of which each line that matches the regular expression @pattern
    has one; none if that is not to be seen at a glance."""
    if '(?' in pattern:
        return []
    plain = re.sub(r'\\.', ' ', pattern)
    while plain != (plain := re.sub(r'\([^()]*\)|\[[^][]*\]', ' ', plain)):
        pass
    words = []
    for branch in plain.split('|'):
        found = re.findall(r'\w{4,}(?![\w?*{])', branch)
        if not found or re.search(r'[][()]', plain):
            return []
        words.append(max(found, key=len))
    return words
