# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each step touches, and what uses what the step changes in headers, compiles without a
new warning; with --every-step each step's whole tree is built and passes libvirt's own test
suite. In a build of its own, in which the compiler does not optimise; the whole series is
compiled as stock is. What is known of a tree from an earlier run is not done again."""

from pathlib import Path

import pytest

from conftest import TOP
from series.compiling import affected, objects
from series.steps import read_upstream
from series.tree import Tree
from test_libvirt import Suite, git, warnings
from test_series import steps

ORDER = "steps"
pytestmark = pytest.mark.xdist_group("steps")


class Steps:
    """A tree and its build, which is taken from step to step"""

    def __init__(self, series):
        self.series = series
        self.folder = series.set / "steps"
        self.tree, self.build_folder = self.folder / "tree", self.folder / "build"
        self.known = self.folder / "known"
        self.known.mkdir(parents=True, exist_ok=True)
        base = git(series.tree("stock"), "rev-parse", "HEAD")
        series.tree("series")
        series.shell(f"""
git -C {self.tree} cat-file -e {base} 2>/dev/null || copy_tree "$set/stock/tree" {self.tree} || exit 1
import_commits "$set/series/tree" {self.tree}""")
        self.configured = None      # the commit that the build was last brought up to
        self.commits = {}
        subjects = {(TOP / "src" / name / "message").read_text().splitlines()[0]: name
                    for name in steps()}
        for line in git(self.tree, "log", "--format=%H %s", f"{base}..FETCH_HEAD").splitlines():
            commit, subject = line.split(" ", 1)
            self.commits[subjects[subject]] = commit

    def files(self, name):
        """Where what is known of a step's result is kept"""
        return self.known / git(self.tree, "rev-parse", f"{self.commits[name]}^{{tree}}")

    def checkout(self, name):
        git(self.tree, "checkout", "--quiet", "--force", "--detach", self.commits[name])

    def build(self, name, logged, *options):
        """Builds it, as a whole or as @options say; returns where the compiler's output is."""
        self.checkout(name)
        log = f"{self.series.logs}/step-{name.replace('/', '-')}.log"
        logged(TOP / "scripts/build", "--tree", self.tree, "--out", self.build_folder, "--rough",
               "--log", log, *options)
        return log

    def compile(self, name, logged):
        """Compiles what the step @name can have broken; returns (how many sources that are,
        warnings)."""
        commit = self.commits[name]
        # The build has to know of new sources before it is asked for them.
        if not self.configured or "meson.build" in git(self.tree, "diff", "--name-only",
                                                       self.configured, commit):
            self.build(name, logged, "--configure-only")
        self.configured = commit
        self.checkout(name)
        touched, users = affected(Tree(self.tree), f"{commit}~", commit, self.build_folder)
        outputs = objects(self.build_folder, Tree(self.tree), [*touched, *users])
        for output in outputs.values():     # a warning is shown by who compiles
            (self.build_folder / output).unlink(missing_ok=True)
        if not outputs:
            return 0, set()
        log = self.build(name, logged, "--targets", " ".join(outputs.values()))
        return len(outputs), warnings(log)


@pytest.fixture(scope="module")
def results(series):
    return Steps(series)


def commit_of(results, name):
    if name not in results.commits:
        path = TOP / "src" / name / "upstream"
        assert path.exists(), "the series has no such commit"
        versions, _, _, reason = read_upstream(path)
        pytest.skip(f"not wanted {versions}: {reason}")


@pytest.mark.parametrize("name", [
    pytest.param(step + what, marks=pytest.mark.every_step if what else ())
    for step in steps() for what in ("", "/suite")])
def test_steps(results, logged, tell, name):
    step = name.removesuffix("/suite")
    commit_of(results, step)
    known = results.files(step)
    if name != step:
        check_suite(results, logged, tell, step, known.with_suffix(".suite"))
    elif known.with_suffix(".compiled").exists():
        tell("compiles without a new warning, as before")
    else:
        count, new = results.compile(step, logged)
        # Stock is built as a whole only if there is a warning to compare.
        new = new and new - warnings(Path(results.series.built("stock"), "compile.log"))
        assert not new, f"{min(new)}: stock has no such warning"
        known.with_suffix(".compiled").touch()
        tell(f"compiles without a new warning, {count} sources" if count else
             "touches nothing that is compiled")


def check_suite(results, logged, tell, step, passed):
    if passed.exists():
        tell("as before")
        return
    suite = Suite(results.series)
    results.build(step, logged)
    suite.run(logged, results.build_folder, passed.with_suffix(".json"))
    tell(suite.compare(logged, passed.with_suffix(".json")))
    passed.touch()
