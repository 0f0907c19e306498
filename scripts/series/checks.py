# SPDX-License-Identifier: LGPL-2.1-or-later
"""Postconditions."""

import re
import shlex

from .text import definitions
from .tree import SeriesError


class Check:
    """A step's postconditions."""

    SHAPES = {'absent': (2, None), 'present': (3, None), 'function': (2, 2),
              'no-function': (1, 1)}

    def __init__(self, path):
        self.conditions = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
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

    def failures(self, tree, cache=None):
        """A list of words on each postcondition that @tree does not meet.
        @cache, if given, keeps files' text and functions between calls on
        the same state of the tree."""
        cache = {} if cache is None else cache
        failures = []
        for number, line, word, args in self.conditions:
            why = getattr(self, word.replace('-', '_'))(tree, cache, *args)
            if why:
                failures.append(f'check:{number}: `{line}`: {why}')
        return failures

    @staticmethod
    def text(tree, cache, name):
        if name not in cache:
            path = tree.path / name
            cache[name] = tree.read(name) if path.is_file() and not path.is_symlink() else ''
        return cache[name]

    @classmethod
    def functions(cls, tree, cache, name):
        key = ('functions', name)
        if key not in cache:
            cache[key] = [d[0] for d in definitions(cls.text(tree, cache, name))]
        return cache[key]

    @classmethod
    def matches(cls, tree, cache, regex, specs):
        """(why the pathspecs are wrong or None, the matching lines)"""
        hits = []
        for spec in specs:
            names = tree.files(spec)
            if not names:
                return f'no tracked file matches {spec}', hits
            for name in names:
                text = cls.text(tree, cache, name)
                hits += [f'{name}:{n}' for n, line in enumerate(text.splitlines(), 1)
                         if regex.search(line)]
        return None, list(dict.fromkeys(hits))

    @classmethod
    def absent(cls, tree, cache, regex, specs):
        why, hits = cls.matches(tree, cache, regex, specs)
        if hits:
            why = 'still at ' + ' '.join(hits[:5]) + (' ...' if len(hits) > 5 else '')
        return why

    @classmethod
    def present(cls, tree, cache, least, regex, specs):
        why, hits = cls.matches(tree, cache, regex, specs)
        if not why and len(hits) < least:
            why = f'only {len(hits)} lines' if hits else 'no line'
        return why

    @classmethod
    def function(cls, tree, cache, name, file):
        if file not in tree.files(file):
            return f'no tracked file {file}'
        count = cls.functions(tree, cache, file).count(name)
        return None if count == 1 else f'defined {count} times in {file}'

    @classmethod
    def no_function(cls, tree, cache, name):
        where = [file for file in tree.files('**/*.c', '**/*.h')
                 if name in cls.text(tree, cache, file)
                 and name in cls.functions(tree, cache, file)]
        return f'still defined in {" ".join(where)}' if where else None
