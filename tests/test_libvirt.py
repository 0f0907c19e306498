# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiling the series, as a whole and step by step, and libvirt's own tests on it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import TOP, TESTS, run_script
from harness import record, verdicts
from series.steps import is_upstream, read_upstream

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

    def run(self, run, build, to, *names):
        """Runs it, or the tests @names of it, in an environment of its own; the verdicts go
        to the file @to."""
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
        run("sh", "-c", 'meson test -C "$0" --no-rebuild --timeout-multiplier 10 "$@" || true',
            build, *names, env=env)
        shutil.copy(log, to)

    def compare(self, run, verdicts, *options):
        """Asks stock about what the file @verdicts has as not passed, and only then builds
        stock's tests. Returns what build-aux/verdicts, with @options, says of both."""
        names = dict.fromkeys(
            test["name"].split(" / ")[-1] for line in verdicts.read_text().splitlines()
            for test in [json.loads(line)] if test["result"] != "OK")
        listed = self.stock.with_suffix(".list")
        build = Path(self.series.built("stock", *([] if names else ["--no-tests"])))
        with listed.open("w") as out:
            subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--list"], check=True,
                           stdout=out, stderr=subprocess.DEVNULL)
        self.stock.unlink(missing_ok=True)
        if names:
            known = {line.split(" / ")[-1] for line in listed.read_text().splitlines()}
            self.run(run, build, self.stock, *sorted(known.intersection(names)))
        return run(TOP / "build-aux/verdicts", listed, self.stock, verdicts, *options)[-1]


@pytest.fixture(scope="module")
def suite(series):
    return Suite(series)


@pytest.mark.release
def test_libvirt_suite(suite, series, logged, tell):
    build, verdicts = Path(series.built("series")), series.set / "series/verdicts.json"
    suite.run(logged, build, verdicts)
    # The tests that steps add
    new = [f"--require={path.stem}" for path in TOP.glob("src/*/*/tree/tests/*test.c")]
    tell(suite.compare(logged, verdicts, *new))


@pytest.mark.release
@pytest.mark.other
def test_engine(series, logged, tell):
    """The tests that steps add, without the whole of libvirt's"""
    names = sorted(path.stem for path in TOP.glob("src/*/*/tree/tests/*test.c"))
    assert names, "no step adds a test"
    mocks = [path.stem for path in TOP.glob("src/*/*/tree/tests/*mock.c")]
    targets = " ".join([f"tests/{name}" for name in names]
                       + [f"tests/lib{name}.so" for name in mocks])
    build = Path(series.built("series", f"--targets='{targets}'"))
    for name in names:
        said = logged("env", "VIR_TEST_VERBOSE=1", build / "tests" / name, cwd=build / "tests")
        cases = [line for line in said if re.search(r"\.\.\. (OK|SKIP|FAILED)$", line)]
        assert cases and all(line.endswith("OK") for line in cases), f"{name}: not all cases pass"
    tell(f"{' and '.join(names)} pass")


# --- what upstream has -------------------------------------------------------

@pytest.mark.release
@pytest.mark.parametrize("step", sorted(str(path.parent.relative_to(TOP / "src"))
                                        for path in TOP.glob("src/*/*/upstream")))
def test_upstream(step, suite, series, release, logged, tell):
    """What is to prove that libvirt has the step's change by itself passes without the
    series; on a libvirt that needs the step it should not, or it is no proof."""
    versions, kind, name, _ = read_upstream(TOP / "src" / step / "upstream")
    has_it = is_upstream(versions, release)
    if kind == "test":
        suite.run(logged, Path(series.built("stock")), suite.stock, name)
        said = {json.loads(line)["result"] == "OK" for line in suite.stock.read_text().splitlines()}
    else:
        # A run of its own, which is not to count here.
        env = {key: value for key, value in os.environ.items()
               if key not in (verdicts.COUNTS, verdicts.OUTCOMES)}
        # Not by a shell, which would leave it behind.
        _, output = run_script([sys.executable, "-B", "-m", "pytest", "--stock", "-m", "scenario",
                                "-k", name], env=env, cwd=TOP, stdout=subprocess.PIPE)
        said = {None if words[0] == "SKIP" and record.KNOWN_OF_STOCK not in line
                else words[0] == "PASS" for line in output.splitlines() if (words := line.split())
                and len(words) > 1 and words[0] in ("PASS", "FAIL", "SKIP")
                and words[1].rstrip(":").split("/")[0] == name}
    assert len(said) == 1 and None not in said, f"no clear verdict of the {kind} {name}: {said}"
    if said == {True} and not has_it:
        pytest.skip(f"stock {release} passes the {kind} {name}, too: that it passes {versions} "
                    "proves nothing")
    assert said == {has_it}, f"stock {release} fails the {kind} {name}, which passes {versions}"
    tell(f"stock {release} {'has' if has_it else 'lacks'} it, by the {kind} {name}")


# --- the whole ---------------------------------------------------------------

@pytest.mark.release
def test_warnings(series, tell):
    log = Path(series.built("series"), "compile.log")
    # Stock's tests are compiled only if there is a warning to compare.
    new = warnings(log) and \
        warnings(log) - warnings(Path(series.built("stock"), "compile.log"))
    # The log has all that was ever compiled there.
    assert not new, f"{min(new)}: stock has no such warning; to be sure remove {log.parent}"
    tell("the series, optimised as stock is, compiles without a new warning")


@pytest.mark.release
def test_documents(series, logged, tell):
    """Our builds make no documents, a packager's does: docutils must have nothing to say."""
    base = git(series.tree("stock"), "rev-parse", "HEAD")
    tree = series.tree("series")
    names = git(tree, "diff", "--name-only", base, "HEAD", "--", "*.rst").split()
    assert names, "the series has no document"
    for name in names:
        logged("rst2html5", "--stylesheet=", "--strict", f"{tree}/{name}", "/dev/null")
    tell(f"{len(names)} documents")


@pytest.mark.release
@pytest.mark.other
@pytest.mark.parametrize("what", ["waits", "job-parameters"])
def test_check(series, logged, tell, what):
    tell(logged(TESTS / f"check-{what}", series.tree("series"))[-1])
