# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiling the series, as a whole and step by step, and libvirt's own tests on it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import TOP, TESTS

ORDER = "libvirt"


def git(tree, *args):
    return subprocess.run(["git", "-C", str(tree), *args], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def warnings(log):
    """The warnings in a build's output, without what moves: line numbers and the way to
    the tree."""
    text = re.sub(r"\x1b\[[0-9;]*[mK]", "", Path(log).read_text(errors="replace"))
    return {re.sub(r":\d+:(\d+:)?", ":", re.sub(r"^(\.\./)*tree/", "", line), count=1)
            for line in text.splitlines() if re.search("(^|[ :])warning: ", line)}


# --- libvirt's own tests -----------------------------------------------------

class Suite:
    """Runs of libvirt's own test suite; each build lies beside its tree."""

    def __init__(self, series):
        self.series = series
        self.stock = series.set / "stock/verdicts.json"

    def run(self, run, build, to):
        """Runs it, in an environment of its own; the verdicts go to the file @to."""
        # The one test that asks for a locale wants this one.
        locale = Path(self.series.work, "locale")
        if not (locale / "en_US.UTF-8").is_dir():
            locale.mkdir(exist_ok=True)
            subprocess.run(["localedef", "--no-archive", "-i", "en_US", "-f", "UTF-8",
                            locale / "en_US.UTF-8"], check=True)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": os.environ["HOME"], "LANG": "C",
               "LOCPATH": str(locale), "GIT_CONFIG_COUNT": "1",
               "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        # syntax-check asks git for the files to check, and passes if it has none.
        files = subprocess.run(["git", "-C", build.parent / "tree", "ls-files", "src"], env=env,
                               check=True, stdout=subprocess.PIPE).stdout
        assert files.count(b"\n") > 100, "git does not tell the files of the tree"
        log = build / "meson-logs/testlog.json"
        log.unlink(missing_ok=True)
        # The exit status counts failures; the verdicts are compared instead.
        run("sh", "-c", 'meson test -C "$0" --no-rebuild --timeout-multiplier 10 || true', build,
            env=env)
        shutil.copy(log, to)

    def run_stock(self, run):
        """What stock says, kept until its tree or its configuration changes"""
        build = Path(self.series.built("stock"))
        known = self.stock.with_suffix(".key")
        key = git(build.parent / "tree", "rev-parse", "HEAD^{tree}") + (build / "options").read_text()
        if not (self.stock.exists() and known.exists() and known.read_text() == key):
            known.unlink(missing_ok=True)
            self.run(run, build, self.stock)
            known.write_text(key)


@pytest.fixture(scope="module")
def suite(series):
    return Suite(series)


@pytest.mark.alone
@pytest.mark.release
def test_libvirt_suite(suite, series, logged, tell):
    suite.run_stock(logged)
    build = Path(series.built("series"))
    suite.run(logged, build, series.set / "series/verdicts.json")
    # The tests that steps add
    new = [f"--require={path.stem}" for path in TOP.glob("src/*/*/tree/tests/*test.c")]
    tell(logged(TOP / "build-aux/verdicts", suite.stock, series.set / "series/verdicts.json",
                *new)[-1])


# --- the whole ---------------------------------------------------------------

@pytest.mark.release
def test_warnings(series, tell):
    logs = [Path(series.built(variant), "compile.log") for variant in ("stock", "series")]
    new = warnings(logs[1]) - warnings(logs[0])
    # The log has all that was ever compiled there.
    assert not new, f"{min(new)}: stock has no such warning; to be sure remove {logs[1].parent}"
    tell("the series, optimised as stock is, compiles without a new warning")


@pytest.mark.release
@pytest.mark.parametrize("what", ["waits", "job-parameters"])
def test_check(series, logged, tell, what):
    tell(logged(TESTS / f"check-{what}", series.tree("series"))[-1])
