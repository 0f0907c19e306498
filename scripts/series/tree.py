# SPDX-License-Identifier: LGPL-2.1-or-later
"""The git tree that the steps are applied to."""

import os
import re
import subprocess
from pathlib import Path


class SeriesError(Exception):
    """A fault of a step, a tree or a tool, told in words for the user. If @missed is given it
    is what has not been found: ('rules', semantic patch, names of the files, rules), or
    ('anchor', name of the file, text) or ('file', name)."""

    def __init__(self, words, missed=None):
        super().__init__(words)
        if missed:
            self.missed = missed


class Tree:
    """A git checkout of libvirt (or of what stands in for it in a test)."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        # Whoever owns the files: the user named this tree, that is consent.
        # Hooks and line-ending conversion would make the result depend on the
        # machine.
        settings = {
            'safe.directory': str(self.path),
            'core.hooksPath': os.devnull,
            'core.autocrlf': 'false',
            'core.quotePath': 'false',
            'gc.auto': '0',
            'user.useConfigOnly': 'true',
        }
        self.env = dict(os.environ, LC_ALL='C', GIT_CONFIG_COUNT=str(len(settings)))
        for name in ('GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'):
            self.env.pop(name, None)
        for n, (key, value) in enumerate(settings.items()):
            self.env[f'GIT_CONFIG_KEY_{n}'] = key
            self.env[f'GIT_CONFIG_VALUE_{n}'] = value
        # What the files held that were written since; and what files hold and the modes
        # of those that are tracked, for those who are sure that nobody else changes them
        # (remember).
        self.written, self.texts, self.modes = {}, None, None

    def git(self, *args, ok=(0,), raw=False, stdin=None):
        """Run git in the tree; return its output. Raise SeriesError unless
        its exit status is in @ok."""
        run = subprocess.run(['git', '-C', str(self.path), *args], env=self.env,
                             input=stdin, capture_output=True, check=False)
        if run.returncode not in ok:
            raise SeriesError(f'git {" ".join(args[:3])}: '
                              + run.stderr.decode(errors='replace').strip())
        return run.stdout if raw else run.stdout.decode(errors='replace')

    def files(self, *pathspecs):
        """Tracked files that match any of the pathspecs (git's globs)."""
        if self.modes is not None:
            return matching(self.modes, pathspecs) if pathspecs else list(self.modes)
        magic = [f':(glob){spec}' for spec in pathspecs]
        return [f for f in self.git('ls-files', '-z', '--', *magic).split('\0') if f]

    def is_checkout(self):
        return (self.path / '.git').exists()

    def is_clean(self):
        return not self.git('status', '--porcelain').strip()

    def subjects(self):
        return self.git('log', '--format=%s').splitlines()

    def remember(self):
        """From now on each file is read once, and git has been asked for their names."""
        self.texts, self.modes = {}, {}
        for line in self.git('ls-files', '-s', '-z').split('\0')[:-1]:
            facts, _, name = line.partition('\t')
            self.modes[name] = facts.split()[0]

    def track(self, names):
        """The files @names are tracked now, even those that .gitignore names."""
        new = {name: '100755' if os.access(self.path / name, os.X_OK) else '100644'
               for name in names if name not in self.modes}
        if new:
            self.modes = dict(sorted({**self.modes, **new}.items()))

    def read(self, name):
        if self.texts is not None and name in self.texts:
            return self.texts[name]
        # Latin-1 keeps every byte as it is.
        with open(f'{self.path}/{name}', 'rb') as file:
            text = file.read().decode('latin-1')
        if self.texts is not None:
            self.texts[name] = text
        return text

    def write(self, name, text):
        self.forget(name)
        (self.path / name).write_bytes(text.encode('latin-1'))

    def forget(self, name):
        """The file @name is about to be written."""
        if name not in self.written:
            there = (self.path / name).is_file()
            self.written[name] = self.read(name) if there else ''
        if self.texts is not None:
            self.texts.pop(name, None)


def matching(names, specs):
    """Those of the files @names that match one of @specs, as with git's
    `:(glob)`: `*` and `?` stop at a slash, `**/` does not, and a name without
    any of them stands for what is below it, too."""
    if len(specs) == 1 and specs[0] in names:
        return [specs[0]]
    wanted = re.compile('|'.join(map(translated, specs)))
    return [name for name in names if wanted.fullmatch(name)]


def translated(spec):
    parts = re.split(r'(\*\*/|/\*\*$|\*|\?|\[[^]]+\])', spec)
    known = {'**/': '(?:.*/)?', '/**': '/.*', '*': '[^/]*', '?': '[^/]'}
    regex = ''.join(part if part.startswith('[') else known.get(part) or re.escape(part)
                    for part in parts)
    return regex if len(parts) > 1 else re.escape(spec.rstrip('/')) + '(?:/.*)?'
