# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each step's result compiles without a new warning, and with --every-step passes
libvirt's own test suite. In a build of its own, in which the compiler does not optimise;
the whole series is compiled as stock is. What is known of a tree from an earlier run is
not done again."""

import shutil

import pytest

from conftest import TOP
from test_libvirt import Suite, git, warnings
from test_series import steps

ORDER = "steps"
pytestmark = pytest.mark.xdist_group("steps")


class Steps:
    """A tree and its build, which is taken from step to step"""

    def __init__(self, series):
        self.series = series
        self.folder = series.set / "steps"
        self.tree, self.build = self.folder / "tree", self.folder / "build"
        self.known = self.folder / "known"
        self.known.mkdir(parents=True, exist_ok=True)
        base = git(series.tree("stock"), "rev-parse", "HEAD")
        series.tree("series")
        series.shell(f"""
git -C {self.tree} cat-file -e {base} 2>/dev/null || copy_tree "$set/stock/tree" {self.tree} || exit 1
import_commits "$set/series/tree" {self.tree}""")
        self.commits = {"stock": base}
        subjects = {(TOP / "src" / name / "message").read_text().splitlines()[0]: name
                    for name in steps()}
        for line in git(self.tree, "log", "--format=%H %s", f"{base}..FETCH_HEAD").splitlines():
            commit, subject = line.split(" ", 1)
            self.commits[subjects[subject]] = commit
        self.rough = None       # the warnings of stock

    def files(self, name):
        """Where what is known of a step's result is kept"""
        return self.known / git(self.tree, "rev-parse", f"{self.commits[name]}^{{tree}}")

    def compile(self, name, logged):
        """Returns the warnings."""
        git(self.tree, "checkout", "--quiet", "--force", "--detach", self.commits[name])
        partial = self.folder / "partial"
        # A run that did not end has shown warnings that the next would not show.
        if partial.exists():
            shutil.rmtree(self.build, ignore_errors=True)
        partial.touch()
        log = f"{self.series.logs}/step-{name.replace('/', '-')}.log"
        logged(TOP / "scripts/build", "--tree", self.tree, "--out", self.build, "--rough",
               "--log", log)
        partial.unlink()
        # With those of an earlier run, which this one need not show again.
        known = self.files(name).with_suffix(".warnings")
        found = warnings(log)
        if known.exists():
            found |= set(known.read_text().splitlines())
        known.write_text("".join(f"{line}\n" for line in sorted(found)))
        return found


@pytest.fixture(scope="module")
def results(series):
    return Steps(series)


def commit_of(results, name):
    if name not in results.commits:
        assert (TOP / "src" / name / "upstream").exists(), "the series has no such commit"
        pytest.skip("this release has it already: " + (
            TOP / "src" / name / "upstream").read_text().splitlines()[0])


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
        if results.rough is None:
            results.rough = results.compile("stock", logged)
        new = results.compile(step, logged) - results.rough
        assert not new, f"{min(new)}: stock has no such warning"
        known.with_suffix(".compiled").touch()
        tell("compiles without a new warning")


def check_suite(results, logged, tell, step, passed):
    if passed.exists():
        tell("as before")
        return
    suite = Suite(results.series)
    suite.run_stock(logged)
    results.compile(step, logged)
    suite.run(logged, results.build, passed.with_suffix(".json"))
    tell(logged(TOP / "build-aux/verdicts", suite.stock, passed.with_suffix(".json"))[-1])
    passed.touch()
