# SPDX-License-Identifier: LGPL-2.1-or-later
"""Steps and their semantic patches, as they lie in the source of steps."""

import copy
import re
from pathlib import Path

from .checks import Check
from .edits import Edits
from .text import definitions, is_named, parameter_list
from .tree import SeriesError


class Cocci:
    """A semantic patch and its header."""

    KEYS = ('files', 'sites', 'aims', 'options', 'together', 'may-miss', 'parameter')

    def __init__(self, path):
        self.path, self.name = path, path.name
        self.text = path.read_text()
        header = {}
        for line in self.text.splitlines():
            if not line.startswith('//'):
                if line.strip():
                    break
                continue
            found = re.match(r'// ?(' + '|'.join(self.KEYS) + r')(?::\s*(.*)|\s*)$', line)
            if found:
                header.setdefault(found[1], []).extend((found[2] or '').split())
        for key in ('files', 'sites'):
            if not header.get(key):
                raise SeriesError(f'{self.name}: no `// {key}:` line in its header')
        if len(header['sites']) != 1 or not re.fullmatch('[1-9][0-9]*', header['sites'][0]):
            raise SeriesError(f'{self.name}: `// sites:` wants one number, at least 1')
        self.sites = int(header['sites'][0])
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
            if not found:
                raise SeriesError(f'{self.name}: no tracked file matches `{glob}`')
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



class Step:
    """One step: a directory under the source of steps."""

    def __init__(self, source, name):
        path = source / name
        self.path, self.name = path, name
        self.group = name.rpartition('/')[0]
        if not path.is_dir():
            raise SeriesError(f'step {self.name}: no directory {path}')
        try:
            message = self.need('message').read_text()
            lines = message.rstrip('\n').split('\n')
            if len(lines) < 3 or not lines[0].strip() or lines[1].strip():
                raise SeriesError('message: wants a subject, a blank line and a body')
            self.message, self.subject = message, lines[0].strip()
            self.check = Check(self.need('check'))
            self.before, self.after = (Edits(path / name) if (path / name).exists() else None
                                       for name in ('edits.pre', 'edits'))
            self.coccis = [Cocci(p) for p in sorted(path.glob('*.cocci'))]
        except SeriesError as error:
            raise SeriesError(f'step {self.name}: {error}') from error
        self.new_files, self.replacements = (self.files_below(path / name)
                                             for name in ('tree', 'replace'))
        if not (self.before or self.after or self.coccis or self.new_files
                or self.replacements):
            raise SeriesError(f'step {self.name}: it does nothing')
        self.refuse_strays()

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
                                 'replace') and path.suffix != '.cocci':
                raise SeriesError(f'step {self.name}: unknown file `{path.name}`')


def read_series(source):
    """The steps of the directory @source, in order."""
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
    steps = [Step(source, name) for name in names]
    subjects = [step.subject for step in steps]
    for step in steps:
        if subjects.count(step.subject) > 1:
            raise SeriesError(f'step {step.name}: its subject is not its own')
    return steps


def find_step(steps, name):
    """The number of the step @name in @steps. A part of the name will do if it is
    of one step only."""
    names = [step.name for step in steps]
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
