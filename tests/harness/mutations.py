# SPDX-License-Identifier: LGPL-2.1-or-later
"""Break the rules of the job engine one by one: the test must notice.

Each file of tests/mutations breaks one rule in the tree with the series
applied. It holds text edits as scripts/series describes them, after

  # breaks: N. RULE        the rule of docs/contract.md, by number and in words
  # noticed by: CASE       a case of virdomainjobtest which must fail then;
                           more of these lines, more such cases

A mutation fails if it does not fit, does not compile, or is not noticed by
each of its cases. Other cases may notice it, too. A test which hangs has
noticed nothing.

Works on a copy of the tree, below the work folder; a second run reuses its build.
"""

import filecmp
import os
import re
import shutil
import signal
import subprocess

from series.edits import Edits
from series.releases import version_of
from series.tree import SeriesError, Tree

TARGET = 'tests/virdomainjobtest'
# What it preloads
MOCK = 'tests/libvirdomainjobmock.so'
# Seconds. The test takes about one.
DEADLINE = 60


class Mutation:
    """A file of tests/mutations."""

    def __init__(self, path):
        self.name = path.name
        text = path.read_text()
        self.rules = re.findall(r'^# breaks: ([1-7]\. .+)$', text, re.M)
        self.cases = re.findall(r'^# noticed by: (.+)$', text, re.M)
        if len(self.rules) != 1 or not self.cases:
            raise SeriesError(f'{self.name}: wants one line `# breaks: N. RULE` and at least one '
                              '`# noticed by:`')
        self.path = path

    def apply(self, tree):
        Edits(self.path, version_of(tree.path)).apply(tree)


def run(command, log, timeout=None, **options):
    """Run @command with its output appended to the file @log. Return its exit
    status, or None if it took longer than @timeout seconds. Whatever ends
    this function ends the command and its children."""
    with log.open('ab') as out:
        out.write(f'$ {" ".join(map(str, command))}\n'.encode())
        out.flush()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True, **options)
        try:
            return child.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def copy_tree(source, target):
    """Make @target a copy of @source as it is committed. Files which stay the
    same keep their time."""
    if not (target / '.git').exists():
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(['git', 'init', '--quiet', target], check=True)
    # Nobody else works here: what git left behind when it was killed is stale.
    for lock in (target / '.git').glob('*.lock'):
        lock.unlink()
    tree = Tree(target)
    tree.git('-c', 'gc.auto=0', 'fetch', '--quiet', '--force', str(source.resolve()), 'HEAD')
    tree.git('checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD')
    tree.git('clean', '-fdq')
    # The build needs some of what git ignores.
    for name in Tree(source).git('ls-files', '-z', '--others', '--ignored',
                                 '--exclude-standard').split('\0')[:-1]:
        theirs, ours = source / name, target / name
        if not ours.is_file() or not filecmp.cmp(theirs, ours, shallow=False):
            ours.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(theirs, ours)
    return tree


class Bench:
    """The copy of the tree, its build, and the test."""

    def __init__(self, folder, source, logs, ccache):
        self.tree, self.build, self.logs = copy_tree(source, folder / 'tree'), folder / 'build', logs
        self.ccache = ccache
        self.logs.mkdir(parents=True, exist_ok=True)
        for log in self.logs.glob('*.log'):
            log.unlink()

    def verdicts(self, name):
        """Build the test and run it. Return {case: whether it passed}."""
        log = self.logs / f'{name}.log'
        env = dict(os.environ, CCACHE_DIR=str(self.ccache),
                   CCACHE_BASEDIR=str(self.build.parent.parent), CCACHE_NOHASHDIR='1')
        if run(['ninja', '-C', self.build, TARGET, MOCK], log, env=env):
            raise SeriesError('does not compile')
        # What is printed for a case that fails stands between its name and its
        # verdict.
        start = log.stat().st_size
        env = {'PATH': os.environ['PATH'], 'LC_ALL': 'C', 'VIR_TEST_VERBOSE': '1'}
        status = run([self.build / TARGET], log, DEADLINE, env=env, cwd=self.build / 'tests')
        text = log.read_bytes()[start:].decode('utf-8', 'replace')
        if status is None:
            raise SeriesError(f'the test hangs in: {(case_names(text) or ["nothing"])[-1]}')
        if status not in (0, 1):
            raise SeriesError(f'the test ended with exit status {status}')
        found = re.findall(r'^ *\d+\) (.*?) +\.\.\. (.*?)(OK|FAILED|SKIP)$', text, re.M | re.S)
        verdicts = {case: verdict == 'OK' for case, _, verdict in found}
        if len(verdicts) != len(case_names(text)) or all(verdicts.values()) != (status == 0):
            raise SeriesError('the output of the test makes no sense')
        return verdicts

    def mutate(self, mutation, cases):
        """Apply @mutation and run the test. Return who noticed, in words."""
        unknown = [case for case in mutation.cases if case not in cases]
        if unknown:
            raise SeriesError(f'the test has no case `{unknown[0]}`')
        try:
            mutation.apply(self.tree)
            verdicts = self.verdicts(mutation.name)
        finally:
            self.tree.git('checkout', '--quiet', '--force', 'HEAD', '--', '.')
        failed = [case for case in cases if not verdicts.get(case)]
        blind = [case for case in mutation.cases if case not in failed]
        if blind:
            raise SeriesError(f'not noticed by `{blind[0]}`'
                              + (f', but by {len(failed)} others' if failed else ' nor any other'))
        others = len(failed) - len(mutation.cases)
        return '; '.join(mutation.cases) + (f'; and {others} more' if others else '')


class Sketch(Tree):
    """A tree whose files are only changed in memory."""

    def __init__(self, path):
        super().__init__(path)
        self.changed = {}

    def read(self, name):
        return self.changed[name] if name in self.changed else super().read(name)

    def write(self, name, text):
        self.changed[name] = text


def case_names(text):
    return re.findall(r'^ *\d+\) (.*?) +\.\.\. ', text, re.M)
