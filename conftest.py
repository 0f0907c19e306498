# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests share: options, the builds of libvirt, and how our scripts are run."""

import ctypes
import fcntl
import gc
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

TOP = Path(__file__).resolve().parent
TESTS = TOP / "tests"
sys.path[:0] = [str(TESTS), str(TOP / "scripts")]

from harness import corpus, record, sandboxed, verdicts  # noqa: E402
from series.releases import version_of  # noqa: E402

# What runs here lives long; only scenarios do without, see harness/__init__.py.
gc.enable()

FLAGS = {
    "full": "all of what follows, and the slow tests",
    "every-step": "libvirt's own test suite after each step, not only the last",
    "mutate": "break the rules of the contract one by one: a test must notice",
    "soak": "100 migrations under 8 clients a host",
    "stock": "run the scenarios on unpatched libvirt",
    "valgrind": "run the scenarios' daemons under valgrind, which must find nothing",
    "leaks": "with --sanitize address: the scenarios' daemons must lose no memory, but for what "
             "tests/harness/leaks.known has",
    "keep": "keep the files of all scenarios, not only of those that failed",
    "again": "run a scenario that has failed once more, alone, at the end",
    "record": "keep in releases/ what is said of this release (tests/harness/record.py)",
    "write": "keep what comes out of a rule as what is expected (tests/test_rules.py)",
}
SETTINGS = {
    "build": "the build of libvirt to run the scenarios on (default: made here)",
    "sanitize": "a build with this sanitizer of scripts/build: it must find nothing",
    "stock-build": "a build of unpatched libvirt (default: made here)",
    "other-build": "a build of another release of libvirt, for mixed clusters (default: one that "
                   "scripts/build --source has made)",
    "source": "libvirt to test on: a tarball or a tree (default: by apt)",
    "markdown": "where to write the tables of the availability (default: among the logs)",
    "json": "where to write all that was measured for it (default: among the logs)",
    "corpus": "the folder to keep status files and migration cookies of scenarios in, or to begin "
              "the fuzzing of them with",
    "seed": "of the random faults (default: a new one)",
    "replay": "the file with a round of random faults to run again, or with several, a line each",
}


def pytest_addoption(parser):
    group = parser.getgroup("the series")
    for name, text in FLAGS.items():
        group.addoption(f"--{name}", action="store_true", help=text)
    for name, text in SETTINGS.items():
        group.addoption(f"--{name}", help=text)
    group.addoption("--minutes", type=float, default=3, help="how long to make random faults, "
                    "or to migrate in long-run")
    group.addoption("--per-hour", type=float, default=400, help="migrations in long-run")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    fault = record.check(config.option) if config.option.record else None
    if fault:
        raise pytest.UsageError(fault)
    if config.option.leaks and config.option.sanitize != "address":
        raise pytest.UsageError("--leaks wants --sanitize address")
    # A second try (harness/verdicts.py) has the seed of the first.
    config.option.seed = config.option.seed or os.environ.setdefault(
        "SERIES_SEED", str(random.randrange(1 << 32)))
    if config.option.corpus:
        os.environ[corpus.FOLDER] = os.path.abspath(config.option.corpus)
    config.series = Series(config)
    os.makedirs(config.series.logs, exist_ok=True)
    config.pluginmanager.register(verdicts.Worker(config, config.series.logs))
    config.pluginmanager.register(sandboxed)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(verdicts.Verdicts(
            config, record.record if config.option.record else None))
        if config.option.collectonly:
            config.pluginmanager.unregister(name="terminalreporter")


def pytest_collection_modifyitems(config, items):
    """Leaves out what must be asked for. Puts first what is long and runs on one
    processor, and what needs no build, so that there is something to run beside it."""
    option = config.option
    skipped = [name for name in ("slow", "every_step", "mutate", "soak")
               if not option.full and not getattr(option, name, False)]
    left_out = [item for item in items if any(map(item.get_closest_marker, skipped))]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    order = ("series", "lint", "steps", "tooling", "rules", "model", "bench", "libvirt",
             "jobstorm", "mutations", "fuzz", "demo", "", "availability")
    items.sort(key=lambda item: order.index(getattr(item.module, "ORDER", "")))


class Series:
    """The builds and tools for the tests: made when first asked for, and once, whatever
    the number of workers."""

    class Unprepared(Exception):
        """Something that a test needs cannot be made."""

    def __init__(self, config):
        option = config.option
        if option.source:
            os.environ["SERIES_SOURCE"] = os.path.abspath(option.source)
        self.option = option
        self.work = str(TOP / ".work")
        self.logs = os.path.join(self.work, "log", "test")
        said = self.shell('echo "$set"; local_identity; env | grep ^GIT_', quiet=True)
        self.set = Path(said.splitlines()[0])
        os.environ.update(line.split("=", 1) for line in said.splitlines()[1:])
        self.run_folder = None      # of a scenario
        self.build = option.build and os.path.realpath(option.build)
        self.stock_build = option.stock_build and os.path.realpath(option.stock_build)
        self.other_build = option.other_build and os.path.realpath(option.other_build)
        self.tools = None
        self._made = set()

    def shell(self, text, quiet=False, **settings):
        """Runs @text with the functions of scripts/lib.sh; returns its output."""
        command = ["bash", "-c", f". {shlex.quote(str(TOP / 'scripts/lib.sh'))}\n{text}"]
        status, output = run_script(command, stdout=subprocess.PIPE, **settings,
                                    **({"stderr": subprocess.DEVNULL} if quiet else {}))
        if status:
            raise self.Unprepared(f"failed: {text}; its messages are above, logs are in "
                                  f"{self.work}/log")
        return output

    def make(self, what, text):
        """Runs @text, once in each process; it does nothing if another one has been there."""
        if what not in self._made:
            with open(os.path.join(self.logs, "making"), "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.shell(text)
            self._made.add(what)

    def tree(self, variant):
        """The tree, stock or series"""
        self.make(f"tree {variant}", "ensure_source" if variant == "stock" else
                  'run_child "$top/scripts/build" --tree-only series')
        return self.set / variant / "tree"

    def built(self, variant, *options):
        """The build of a tree, as scripts/build makes it"""
        self.make(f"build {variant}{options}", f"ensure_build {variant} {' '.join(options)}")
        return str(self.set / variant / "-".join(["build"] + [word for word in options
                                                          if word[0] != "-"]))

    def prepare(self, stock=True):
        """Has builds and tools for hosts. @stock: one of unpatched libvirt is needed, too."""
        if not self.build:
            self.build = self.built("stock" if self.option.stock else "series", "--no-tests",
                                    *(["--sanitize", self.option.sanitize]
                                      if self.option.sanitize else []))
        if stock and not self.stock_build:
            self.stock_build = self.built("stock", "--no-tests")
        for build in filter(None, (self.build, self.stock_build)):
            if not os.access(os.path.join(build, "src/libvirtd"), os.X_OK):
                raise self.Unprepared(f"{build} has no src/libvirtd")
        if self.option.sanitize:
            driver = Path(self.build, "src/libvirt_driver_qemu.so").read_bytes()
            if f"__{self.option.sanitize[0]}san_init".encode() not in driver:
                raise self.Unprepared(f"{self.build} was not built with this sanitizer")
        groups = "hosts" + (" valgrind" if self.option.valgrind else "")
        self.make("tools", f'for group in {groups}; do need_packages $group || exit 1; done; '
                  '. "$top/tests/harness/tools.sh"; ensure_tools "$work"')
        self.tools = os.path.join(self.work, "tools")

    def find_other_builds(self):
        """Builds of another release of libvirt, which scripts/build --source has made"""
        if self.other_build:
            return [self.other_build]
        builds = [build for build in sorted(Path(self.work).glob("source-*/*/build"))
                  if (build / "src/libvirtd").exists()]
        # With --build there need be no tree of our own.
        own = version_of(self.set / "stock/tree") if builds else None
        return [str(build) for build in builds if version_of(build.parent / "tree") != own]

    def name_of(self, build):
        """A name for the build, to keep apart what belongs to several of them"""
        name = os.path.relpath(build, self.work).strip("./").replace("/", "-")
        # The way to a socket may have 107 letters; that to a source can have many.
        return re.sub(r"^source-.*?-(\d+)-(\w+)-build", r"\1-\2", name)

    def cache(self, build):
        return os.path.join(self.work, "cache", self.name_of(build))


def _end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)      # PR_SET_PDEATHSIG


def run_script(command, **settings):
    """Runs one of our scripts. Returns its exit status, and its output if piped. Whatever
    ends this function or this process ends the script, which cleans up then."""
    settings.setdefault("stdin", subprocess.DEVNULL)
    with subprocess.Popen([str(word) for word in command], text=True,
                          preexec_fn=_end_with_parent, **settings) as child:
        try:
            output, _ = child.communicate()
        except BaseException:
            child.terminate()
            raise
        return child.returncode, output


@pytest.fixture(scope="session")
def series(request):
    return request.config.series


@pytest.fixture(scope="session")
def release(series):
    """The version of libvirt that is tested"""
    return version_of(series.tree("stock"))


@pytest.fixture
def folder():
    """A folder of the test's own"""
    with tempfile.TemporaryDirectory() as path:
        yield path


@pytest.fixture
def tell(request):
    """A function that has a text printed beside the test's name."""
    return lambda text: request.node.user_properties.append(("told", text))


@pytest.fixture
def logged(request, series):
    """A function that runs one of our scripts with its output in a log of the test's
    name, which it returns; the test fails if the script does."""
    path = Path(series.logs, verdicts.shown(request.node).replace("/", "-") + ".log")
    path.write_text("")

    def run(*command, **settings):
        with path.open("a") as log:
            status, _ = run_script(command, stdout=log, stderr=subprocess.STDOUT, **settings)
        lines = path.read_text(errors="replace").splitlines()
        if status:
            last = [line for line in lines if line.strip()][-1:]
            pytest.fail(f"{' '.join(last) or f'exit status {status}'}; log {path}", pytrace=False)
        return lines
    return run
