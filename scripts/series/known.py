# SPDX-License-Identifier: LGPL-2.1-or-later
"""The trees after each step, kept from one run to the next."""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .applying import Apply
from .releases import read_for, version_of
from .spatch import MACROS, TOP
from .steps import find_step, read_series
from .tree import SeriesError, Tree

TOOLS = Path(__file__).resolve().parent


def local_identity():
    """As local_identity of scripts/lib.sh: these commits never leave the work folder."""
    for who in ('AUTHOR', 'COMMITTER'):
        os.environ.setdefault(f'GIT_{who}_NAME', 'Local Build')
        os.environ.setdefault(f'GIT_{who}_EMAIL', 'local-build@invalid')


def digest(*parts):
    return hashlib.sha256(b''.join(len(part).to_bytes(8, 'big') + part for part in parts)).digest()


def content(path, version=None):
    """What a file or a folder of a step holds, for a tree of @version if it is given,
    and which files may be executed."""
    files = sorted(p for p in path.rglob('*') if p.is_file()) if path.is_dir() else [path]
    parts = []
    for file in files:
        text = read_for(file, version).encode('latin-1') if version else file.read_bytes()
        parts += [str(file.relative_to(path.parent)).encode(), text,
                  b'x' if os.access(file, os.X_OK) else b'-']
    return digest(*parts)


class Known:
    """A checkout of libvirt of our own, and for each list of steps that was ever
    applied there the commit that it ends in."""

    def __init__(self, folder, stock, source, log):
        """@folder is ours, and holds the checkout `tree`; @stock is pristine;
        @source has the steps; @log is an open text file."""
        self.folder, self.stock, self.source = folder, Tree(stock), source
        self.version = version_of(stock)
        self.steps = read_series(source, self.version)
        self.contents = {}      # name of a step: what it holds, read once
        self.path = folder / 'known'
        folder.mkdir(parents=True, exist_ok=True)
        self.lock()
        local_identity()
        self.base = self.stock.git('rev-parse', 'HEAD').strip()
        self.tree = self.make_tree()
        self.apply = Apply(self.tree, argparse.Namespace(
            source_of_steps=source, upto=None, no_cache=False, keep=False,
            whole_files=False, record=False,
            tolerant=lambda words: print(words, file=sys.stderr, flush=True)), log, folder)
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.commits = dict(line.split() for line in lines if len(line.split()) == 2)
        self.root = digest(self.base.encode(), content(TOOLS), MACROS.read_bytes())

    def lock(self):
        """One at a time, for as long as this process runs."""
        self.locked = os.open(self.folder / 'lock', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self.locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f'waiting for another script that uses {self.folder}', file=sys.stderr)
            fcntl.flock(self.locked, fcntl.LOCK_EX)

    def make_tree(self):
        path = self.folder / 'tree'
        if path.is_dir():
            for stale in (path / '.git').glob('*.lock'):
                stale.unlink()
            tree = Tree(path)
            try:
                tree.git('cat-file', '-e', self.base)
                return tree
            except SeriesError:
                shutil.rmtree(path)
                self.path.unlink(missing_ok=True)
        new = self.folder / 'tree.new'
        shutil.rmtree(new, ignore_errors=True)
        subprocess.run(['cp', '-a', '--no-preserve=ownership', self.stock.path, new], check=True)
        new.rename(path)
        return Tree(path)

    def step(self, name):
        """The number of the step @name, which may be short if no other is meant."""
        return find_step([step.name for step in self.steps], name)

    def key(self, steps):
        """What a list of steps, on this tree, is known by."""
        key = self.root
        for step in steps:
            if not step.upstream:
                if step.name not in self.contents:
                    self.contents[step.name] = content(step.path, self.version)
                key = digest(key, step.name.encode(), self.contents[step.name])
        return key.hex()

    def commit(self, steps):
        """The commit that @steps end in, or None if it is not known. Steps that libvirt
        has by itself have none."""
        steps = [step for step in steps if not step.upstream]
        if not steps:
            return self.base
        commit = self.commits.get(self.key(steps))
        if commit and not self.tree.git('cat-file', '-t', commit, ok=(0, 128)).strip():
            return None
        return commit

    def reach(self, steps, told=None):
        """Apply @steps, as far as they are not known; return the commit they end
        in. @told is called with each step that has to be applied."""
        steps = [step for step in steps if not step.upstream]
        first = len(steps)
        while (commit := self.commit(steps[:first])) is None:
            first -= 1
        for n in range(first, len(steps)):
            if told:
                told(steps[n])
            commit = self.add(commit, steps[:n], steps[n])
        return commit

    def add(self, commit, before, step):
        """Apply @step on top of @commit, which the list of steps @before ends in;
        return the new commit. A step that fails is left half done."""
        self.checkout(commit)
        try:
            self.apply.apply_step(step)
        except SeriesError as error:
            raise SeriesError(f'step {step.name}: {error}') from error
        commit = self.apply.commits.write()
        self.commits[self.key([*before, step])] = commit
        with self.path.open('a') as out:
            out.write(f'{self.key([*before, step])} {commit}\n')
        return commit

    def checkout(self, commit):
        """Files which stay the same keep their time."""
        if self.tree.git('rev-parse', 'HEAD').strip() != commit or not self.tree.is_clean():
            self.tree.git('reset', '--quiet', '--hard')
            self.tree.git('clean', '-fdq')
            self.tree.git('checkout', '--quiet', '--force', '--detach', commit)
            self.apply.view = None
        # After a step that was applied here it is known what the tree holds.
        if not self.apply.view:
            self.apply.see()


def library(command, *args, **options):
    """Run a command of the shell with the functions of scripts/lib.sh, and return
    what it prints."""
    run = subprocess.run(['bash', '-c', f'. "$0/scripts/lib.sh" && {command}', TOP, *map(str, args)],
                         stdout=subprocess.PIPE, text=True, check=False, **options)
    if run.returncode:
        raise SeriesError(f'`{command}` failed')
    return run.stdout.strip()


def known(source, log, libvirt=None):
    """The trees known of the libvirt in use, or of the tree or tarball @libvirt."""
    env = dict(os.environ, SERIES_SOURCE=os.path.abspath(libvirt)) if libvirt else os.environ
    folder = Path(library('ensure_source >&2 && echo "$set"', env=env))
    return Known(folder / 'step', folder / 'stock/tree', source, log), folder
