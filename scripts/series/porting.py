# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trying the steps on a libvirt that they were not written for."""

import difflib
import re

from .releases import nearest_record
from .text import definitions, is_named
from .tree import SeriesError

# How much of a line has to be alike.
ALIKE = 0.6


class Attempt:
    """What became of a step: `applies`, `upstream` or `fails`, and why; in `differs` the
    rules that change another number of places than in the nearest release recorded."""

    def __init__(self, step, verdict, why='', near='', differs=()):
        self.step, self.verdict, self.why, self.near = step, verdict, why, near
        self.differs = list(differs)


def attempts(trees, steps, anew):
    """Apply each of @steps after those before it that apply; yield an Attempt for each.
    @trees are the Known trees of the libvirt; @anew has also those applied that are known."""
    # What differs is part of the report.
    trees.apply.args.tolerant = lambda _: None
    applied, commit = [], trees.base
    record = nearest_record(trees.source, trees.version)
    for step in steps:
        if step.upstream:
            yield Attempt(step, 'upstream', step.upstream)
            continue
        trees.apply.sites.clear()
        try:
            commit = attempt(trees, commit, applied, step, anew)
        except SeriesError as error:
            yield Attempt(step, 'fails', reason(step, error), nearest(trees.tree, error))
            continue
        applied.append(step)
        yield Attempt(step, 'applies', differs=[
            f'{rule} changes {sites} places, {record.counts(rule)} in {record.version}'
            for rule, sites in trees.apply.sites.items()
            if sites not in record.sites.get(rule, (sites,))])


def attempt(trees, commit, applied, step, anew):
    """The commit that @step makes on top of @commit, which the steps @applied end in."""
    ready = trees.commit([*applied, step])
    if ready and not anew:
        return ready
    trees.checkout(commit)
    if not step.check.failures(trees.apply.view):
        raise SeriesError('the tree meets its postconditions without it')
    return trees.add(commit, applied, step)


def reason(step, error):
    """A failure of the step, in a line."""
    return ' '.join(str(error).removeprefix(f'step {step.name}: ').split())


def nearest(tree, error):
    """Of the failure of a step the place in the tree which is most like what has been
    looked for, in words; empty if nothing is like it."""
    while error and not hasattr(error, 'missed'):
        error = error.__cause__
    if not error:
        return ''
    kind, *what = error.missed
    return {'rules': nearest_function, 'anchor': nearest_line, 'file': nearest_file}[kind](tree, *what)


def nearest_file(tree, name):
    found = difflib.get_close_matches(name, tree.git('ls-files', '-z').split('\0'), 1, ALIKE)
    return found[0] if found else ''


def nearest_line(tree, name, text):
    """The line of the file @name that is most like the anchor @text."""
    lines = tree.read(name).splitlines()
    text = re.sub(r'\\(.)', r'\1', text.strip().strip('/'))
    found = difflib.get_close_matches(text, [line.strip() for line in lines], 1, ALIKE)
    if not found:
        return ''
    number = next(n for n, line in enumerate(lines, 1) if line.strip() == found[0])
    return f'{name}:{number}: {found[0]}'


def nearest_function(tree, cocci, names, rules):
    """The function of the files @names that has most of the words of the rules @rules of
    a semantic patch (of all if it is empty), and those that it has not."""
    wanted = words_of(cocci.text, rules)
    best = (0, 0), None
    for name in names:
        text = tree.read(name)
        for function, start, end in definitions(text):
            body = text[start:end]
            has = {word for word in wanted if is_named(body, [word])}
            # Of functions with as many words the shortest is meant.
            score = len(has), start - end
            if has and score > best[0]:
                best = score, (f'{name}:{text.count(chr(10), 0, start) + 1}: {function}() has '
                               f'{len(has)} of {len(wanted)} words', sorted(wanted - has))
    if not best[1]:
        return f'no function has any of: {" ".join(sorted(wanted))}' if wanted else ''
    where, lacks = best[1]
    return where + (f', not: {" ".join(lacks)}' if lacks else '')


def words_of(text, rules):
    """The words of libvirt that a semantic patch has in the context and the lines to
    remove of its rules @rules, or of all: what is no metavariable."""
    words, inside, wanted, known = set(), False, True, set()
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r'@\s*([A-Za-z_]\w*)?[^@]*@', line)
        if inside:
            inside = line.strip() != '@@'
            known |= set(re.findall(r'\w+', line))
        elif line.startswith('@') and head:
            inside = not re.search(r'@.*@.*@@\s*$', line)
            wanted = not rules or (head[1] or f'line{number}') in rules
            known = {'if', 'else', 'return', 'int', 'when', 'any', 'NULL', 'goto', 'while', 'for',
                     'static', 'void', 'bool', 'true', 'false', 'exists', 'strict', 'char', 'unsigned'}
        elif wanted and not line.startswith(('+', '//')):
            words |= set(re.findall(r'[A-Za-z_]\w{2,}', re.sub(r'"[^"]*"', '', line))) - known
    return words
