# SPDX-License-Identifier: LGPL-2.1-or-later
"""Steps and their semantic patches, as they lie in the source of steps, for a tree
of one version."""

import copy
import re
from pathlib import Path

from .checks import Check
from .edits import Edits
from .releases import is_for, number, read_for, text_for, varies
from .text import definitions, is_named, parameter_list
from .tree import SeriesError


class Cocci:
    """A semantic patch and its header."""

    KEYS = ('files', 'aims', 'options', 'together', 'may-miss', 'parameter', 'one-of')

    def __init__(self, path, version):
        self.path, self.name = path, path.name
        self.text = read_for(path, version).encode('latin-1').decode()
        header = {}
        for line in self.text.splitlines():
            if not line.startswith('//'):
                if line.strip():
                    break
                continue
            found = re.match(r'// ?(' + '|'.join(self.KEYS) + r')(?::\s*(.*)|\s*)$', line)
            if found:
                header.setdefault(found[1], []).extend((found[2] or '').split())
        if not header.get('files'):
            raise SeriesError(f'{self.name}: no `// files:` line in its header')
        if len(header.get('one-of', ['one'])) != 1:
            raise SeriesError(f'{self.name}: `// one-of:` wants one word')
        # What it is an alternative for, if it is one.
        self.one_of = header.get('one-of', [None])[0]
        self.globs = header['files']
        self.aims = header.get('aims', [])
        self.options = header.get('options', [])
        self.together = 'together' in header
        self.may_miss = header.get('may-miss', [])
        self.includes = any('includes' in option for option in self.options)
        self.parameter = ' '.join(header.get('parameter', []))
        if self.parameter and not self.aims:
            raise SeriesError(f'{self.name}: `// parameter:` wants `// aims:`, the functions')
        # Whether it is enough to see what names the aims.
        self.sliceable = bool(self.aims) and not self.includes and not self.together

    def files(self, tree):
        names = []
        for glob in self.globs:
            found = tree.files(glob)
            if not found and not self.one_of:
                raise SeriesError(f'{self.name}: no tracked file matches `{glob}`', ('file', glob))
            names += [name for name in found if name not in names]
        return names

    def expanded(self, tree, names):
        """The semantic patch as spatch gets it for the files @names. With a
        `parameter` in its header, its rules are repeated for each position at
        which one of the functions has such a parameter, with these functions in
        place of `functions` and the number of parameters before it in place of
        `position`."""
        if not self.parameter:
            return self
        rules = '@' + self.text.partition('\n@')[2]
        patch = copy.copy(self)
        patch.text = ''
        for position, functions in sorted(self.positions(tree, names).items()):
            part = re.sub(r'\bfunctions\b', ',\n    '.join(sorted(functions)), rules)
            part = re.sub(r'\bposition\b', str(position), part)
            patch.text += re.sub(r'^@ (\w+)', rf'@ \1_{position}', part, flags=re.M) + '\n'
        return patch

    def positions(self, tree, names):
        """{how many parameters are before: the functions}. Raise SeriesError
        if one has no such parameter, or more than one; one that no file names
        does not matter."""
        wanted = re.compile(self.parameter)
        found, missing = {}, set()
        for name in names:
            text = tree.read(name)
            named = {aim for aim in self.aims if is_named(text, [aim])}
            missing |= named
            for function, start, end in definitions(text) if named else ():
                if function not in self.aims:
                    continue
                at = [n for n, parameter in enumerate(parameter_list(text[start:end]))
                      if wanted.fullmatch(parameter)]
                if len(at) != 1:
                    raise SeriesError(f'{self.name}: {function}() of {name} has {len(at)} '
                                      f'parameters `{self.parameter}`')
                found.setdefault(function, at[0])
                if found[function] != at[0]:
                    raise SeriesError(f'{self.name}: {function}() has the parameter '
                                      f'at another position in {name}')
        missing -= set(found)
        if missing or not found:
            raise SeriesError(f'{self.name}: no definition of '
                              + (', '.join(sorted(missing)) or 'any of the functions'))
        positions = {}
        for function, at in found.items():
            positions.setdefault(at, set()).add(function)
        return positions



def read_upstream(path):
    """What the file `upstream` of a step says: (the range of versions that do without the step,
    `test` or `scenario`, the name of that, the reason)."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith('#')]
    found = re.fullmatch(r'((?:since|before) [\d.]+)\nproof: (test|scenario) (\S+)\n(.*\S.*)',
                         '\n'.join(lines).strip(), re.S)
    if not found:
        raise SeriesError('upstream: wants the lines `since VERSION` or `before VERSION`, '
                          '`proof: test NAME` or `proof: scenario NAME`, and why')
    return found[1], found[2], found[3], ' '.join(found[4].split())


def is_upstream(versions, version):
    """Is @version one of @versions, `since VERSION` or `before VERSION`?"""
    word, limit = versions.split()
    return (number(version) >= number(limit)) == (word == 'since')


class Step:
    """One step: a directory under the source of steps."""

    def __init__(self, source, name, version):
        path = source / name
        self.path, self.name, self.version = path, name, version
        self.group = name.rpartition('/')[0]
        if not path.is_dir():
            raise SeriesError(f'step {self.name}: no directory {path}')
        try:
            message = read_for(self.need('message'), version).encode('latin-1').decode()
            lines = message.rstrip('\n').split('\n')
            if len(lines) < 3 or not lines[0].strip() or lines[1].strip():
                raise SeriesError('message: wants a subject, a blank line and a body')
            self.message, self.subject = message, lines[0].strip()
            self.check = Check(self.need('check'), version)
            self.before, self.after = (Edits(path / name, version) if self.has(name) else None
                                       for name in ('edits.pre', 'edits'))
            self.coccis = [Cocci(p, version) for p in sorted(path.glob('*.cocci'))
                           if self.has(p.name)]
            self.upstream = self.upstream_versions()
            words = [cocci.one_of for cocci in self.coccis if cocci.one_of]
            alone = [word for word in words if words.count(word) == 1]
            if alone:
                raise SeriesError(f'`// one-of: {alone[0]}` is only in one semantic patch')
        except SeriesError as error:
            raise SeriesError(f'step {self.name}: {error}') from error
        self.new_files, self.replacements = (
            [file for file in self.files_below(path / name) if is_for(path / name / file, version)]
            for name in ('tree', 'replace'))
        if not (self.before or self.after or self.coccis or self.new_files
                or self.replacements):
            raise SeriesError(f'step {self.name}: it does nothing')
        self.refuse_strays()

    def has(self, name):
        """Has the step the file @name for this version?"""
        path = self.path / name
        if not path.exists():
            return False
        raw = path.read_text('latin-1')
        # Of one that is not for this version the comments remain.
        content = r'^@' if path.suffix == '.cocci' else r'^[^#\s]'
        return not varies(raw) or \
            re.search(content, text_for(raw, self.version, name), re.M) is not None

    def upstream_versions(self):
        """The versions in which libvirt does without the step's change, if ours is one of
        them: the step is left out then."""
        path = self.path / 'upstream'
        if not path.exists():
            return None
        versions = read_upstream(path)[0]
        return versions if is_upstream(versions, self.version) else None

    def rules(self):
        """Its semantic patches as releases/VERSION/sites names them."""
        return [] if self.upstream else [self.rule(cocci) for cocci in self.coccis]

    def rule(self, cocci):
        return f'{self.name}/{cocci.path.stem}'

    def need(self, name):
        path = self.path / name
        if not path.is_file():
            raise SeriesError(f'no file `{name}`')
        return path

    @staticmethod
    def files_below(root):
        return sorted(str(p.relative_to(root)) for p in root.rglob('*') if not p.is_dir()) \
            if root.is_dir() else []

    def refuse_strays(self):
        """A misspelt file name must not pass in silence."""
        for path in self.path.iterdir():
            if path.name not in ('message', 'check', 'edits', 'edits.pre', 'tree',
                                 'replace', 'upstream') and path.suffix != '.cocci':
                raise SeriesError(f'step {self.name}: unknown file `{path.name}`')


def read_series(source, version):
    """The steps of the directory @source, in order, for a tree of @version; with those
    that it has by itself (step.upstream)."""
    names = read_names(source)
    steps = [Step(Path(source), name, version) for name in names]
    subjects = [step.subject for step in steps]
    for step in steps:
        if subjects.count(step.subject) > 1:
            raise SeriesError(f'step {step.name}: its subject is not its own')
    return steps


def read_names(source):
    """The names of the steps of the directory @source, in order."""
    source = Path(source)
    series = source / 'series'
    if not series.is_file():
        raise SeriesError(f'no file {series}')
    names = [line.split('#')[0].strip() for line in series.read_text().splitlines()]
    names = [name for name in names if name]
    if not names:
        raise SeriesError(f'{series}: no step')
    if len(set(names)) != len(names):
        raise SeriesError(f'{series}: a step is named twice')
    return names


def find_step(names, name):
    """The number of the step @name among @names. A part of the name will do if it is
    of one step only."""
    name = name.removeprefix('src/').strip('/')
    for alike in (lambda other: other == name,
                  lambda other: other.partition('/')[2] == name,
                  lambda other: name in other):
        found = [n for n, other in enumerate(names) if alike(other)]
        if len(found) == 1:
            return found[0]
        if found:
            raise SeriesError(f'{name} may be: {" ".join(names[n] for n in found)}')
    raise SeriesError(f'no step {name}; there are: {" ".join(names)}')
