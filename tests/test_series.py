# SPDX-License-Identifier: LGPL-2.1-or-later
"""The series on a tree: applied, exported, and step by step."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from conftest import TOP

ORDER = "series"
pytestmark = [pytest.mark.xdist_group("series"), pytest.mark.timeout(1800)]


def git(tree, *args):
    return subprocess.run(["git", "-C", str(tree), *args], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def same_bytes(one, other):
    """Do both trees have the same files committed, and no others?"""
    return git(one, "rev-parse", "HEAD^{tree}") == git(other, "rev-parse", "HEAD^{tree}") \
        and not git(one, "status", "--porcelain") + git(other, "status", "--porcelain")


class Scratch:
    """A folder with trees, and the series' cache for them, empty at first"""

    def __init__(self, folder, stock):
        self.folder, self.stock = folder, stock
        self.env = {**os.environ, "SERIES_CACHE": str(folder / "cache")}
        self.took = {}      # name: seconds, and those of the processors

    def fresh(self, name):
        """A new copy of the stock tree"""
        tree = self.folder / name
        shutil.rmtree(tree, ignore_errors=True)
        subprocess.run(["cp", "-a", "--no-preserve=ownership", self.stock, tree], check=True)
        return tree

    def apply(self, run, name, *options, env=None):
        tree = self.fresh(name)
        began, before = time.monotonic(), os.times()
        run(TOP / "scripts/apply", tree, "--log", self.folder / f"{name}.log", *options,
            env=env or self.env)
        after = os.times()
        self.took[name] = (time.monotonic() - began,
                           after.children_user + after.children_system
                           - before.children_user - before.children_system)
        return tree


@pytest.fixture(scope="module")
def scratch(series):
    with tempfile.TemporaryDirectory(dir=series.set) as folder:
        yield Scratch(Path(folder), series.tree("stock"))


@pytest.fixture
def applied(scratch, logged):
    """The tree with the series, from an empty cache"""
    if "applied" not in scratch.took:
        scratch.apply(logged, "applied")
    return scratch.folder / "applied"


@pytest.mark.release
def test_apply(scratch, applied, logged, tell):
    empty, empty_cpu = scratch.took["applied"]
    again = scratch.apply(logged, "again")
    filled, filled_cpu = scratch.took["again"]
    assert same_bytes(applied, again), "other bytes from the cache"
    said = (f"{empty:.1f} s with an empty cache, {filled:.1f} s with a filled one "
            f"(CPU time: {empty_cpu:.1f} s, {filled_cpu:.1f} s)")
    assert filled_cpu < empty_cpu / 2, f"{said}: the cache is of no use"
    tell(said)


@pytest.mark.slow
@pytest.mark.release
def test_apply_whole_files(scratch, applied, logged, tell):
    # The cache has what Coccinelle said of whole files, and nothing of slices is used.
    tree = scratch.apply(logged, "whole", "--whole-files")
    assert git(applied, "log", "--format=%T") == git(tree, "log", "--format=%T"), \
        "other bytes than from slices"
    tell("the same bytes after each step")


def test_apply_tarball(scratch, applied, logged, tell):
    tree = scratch.fresh("tarball")
    shutil.rmtree(tree / ".git")
    logged(TOP / "scripts/apply", tree, "--log", scratch.folder / "tarball.log", env=scratch.env)
    # 11.3.0 has symbolic links that lead back to where they are.
    logged("diff", "-r", "--no-dereference", "--exclude=.git", applied, tree)
    tell("the same bytes")


def take(scratch, logged, applied, tree, *options):
    """Exports, and has @tree take the mail as a packager would: the letter is no patch."""
    mail = scratch.folder / "mail"
    shutil.rmtree(mail, ignore_errors=True)
    logged(TOP / "scripts/export", *options, applied, mail)
    (mail / "0000-cover-letter.patch").unlink()
    logged("git", "-C", tree, "am", "--quiet", *sorted(mail.glob("*.patch")))


def test_export(scratch, applied, logged, tell):
    tree = scratch.fresh("mailed")
    take(scratch, logged, applied, tree)
    assert same_bytes(applied, tree), "git am gives other bytes"
    tell("git am gives the same bytes")


def test_export_groups(scratch, applied, logged, tell):
    """The groups one after the other, as they would be posted."""
    tree = scratch.fresh("mailed")
    groups = list(dict.fromkeys(name.split("/")[0] for name in steps()))
    for group in groups:
        take(scratch, logged, applied, tree, "--group", group)
    assert same_bytes(applied, tree), "other bytes than the whole series"
    tell(f"{len(groups)} groups one after the other give the same bytes")


def steps():
    lines = [line.partition("#")[0].strip() for line in (TOP / "src/series").read_text().splitlines()]
    return [line for line in lines if line]


def test_step_before_others(scratch, applied, logged, tell):
    """What no run has applied yet is applied, and kept for the next: for test_step, which
    others wait for."""
    said = logged(TOP / "scripts/step", steps()[-1], env=scratch.env)
    tell(f"{len(said)} lines")


@pytest.mark.alone
def test_step(scratch, applied, logged, tell):
    """A step that is known is seen at once, and is what its commit does."""
    logged(TOP / "scripts/step", steps()[-1], env=scratch.env)
    for step in (steps()[-1], steps()[0]):
        began = time.monotonic()
        shown = subprocess.run([TOP / "scripts/step", step], env=scratch.env, check=True,
                               stdout=subprocess.PIPE).stdout
        took = time.monotonic() - began
        subject = (TOP / "src" / step / "message").read_text().splitlines()[0]
        commit, = [line.split()[0] for line in git(applied, "log", "--format=%H %s").splitlines()
                   if line.split(" ", 1)[1] == subject]
        assert shown.decode() == git(applied, "--no-pager", "diff", "--stat", "--patch",
                                     f"{commit}~", commit), f"{step}: not what its commit does"
        assert took <= 5, f"{step} took {took:.1f} s, more than 5"
    tell(f"seen in {1000 * took:.0f} ms")
