# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin of pytest: what a run says, who has the machine, and a second try for scenarios.

One line a test; at the end the ten slowest, each skip with its reason once more, and the
last line is `N passed, N failed, N skipped`.

A scenario may fail since the machine was busy just then. With --again one that has failed
is run once more, alone, after all others. If it passes then, it is UNSTEADY and counts as
passed; more than UNSTEADY_LIMIT of them fail the run. If more than AGAIN_LIMIT have failed,
it is not the machine, and none is tried again.
"""

import contextlib
import faulthandler
import fcntl
import json
import os
import re
import signal
import subprocess
import sys

import pytest

UNSTEADY_LIMIT = 3
AGAIN_LIMIT = 10
# What xdist puts above the text of a failure
WORKER = re.compile(r"\[gw\d+\] \w+ -- Python ")
# Where a second try, a pytest of its own, tells its outcomes
OUTCOMES = "SERIES_OUTCOMES"
# A file with the counts of earlier runs, to which those of this one are added
COUNTS = "SERIES_COUNTS"


def tries_again(config):
    """Is a scenario that fails to be run once more? Not if this is that run."""
    return config.option.again and OUTCOMES not in os.environ


def shown(item):
    """The name of a test in what is printed; -k takes it, too."""
    name, _, parameter = item.name.partition("[")
    words = [getattr(item.module, "GROUP", ""), name.removeprefix("test_").replace("_", "-"),
             parameter.removesuffix("]")]
    return "/".join(word for word in words if word)


@contextlib.contextmanager
def turn(folder, alone):
    """Waits until no test runs that is @alone; if this one is, until none runs at all.
    Who waits for that keeps newcomers out."""
    with open(os.path.join(folder, "gate"), "w") as gate, \
            open(os.path.join(folder, "running"), "w") as running:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


def sum_with(counts):
    """Adds @counts to those of earlier runs; returns the last line of a run."""
    before = os.environ.get(COUNTS)
    if before and os.path.exists(before) and os.path.getsize(before):
        with open(before) as file:
            for word, count in json.load(file).items():
                counts[word] += count
    if before:
        with open(before, "w") as file:
            json.dump(counts, file)
    return "{passed} passed, {failed} failed, {skipped} skipped".format(**counts)


class Worker:
    """Where tests are run: in each worker of xdist, or in the only process."""

    def __init__(self, config, folder):
        self.folder = folder if hasattr(config, "workerinput") else None
        # As an interrupt of the keyboard: what runs is ended first.
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    @staticmethod
    def pytest_itemcollected(item):
        item.extra_keyword_matches.add(shown(item))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        with turn(self.folder, item.get_closest_marker("alone")) if self.folder \
                else contextlib.nullcontext():
            yield

    @staticmethod
    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(item):
        report = (yield).get_result()
        report.shown = shown(item)
        report.told = "; ".join(text for name, text in item.user_properties if name == "told")


def reason_of(report):
    """Why a test failed or was skipped, in a line"""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else report.longreprtext
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0 if crash else -1] if lines else "no reason given").removeprefix("Failed: ")


class Verdicts:
    """Where the run is told of: the process that the user has started.

    @record: a function that keeps {name: (outcome, reason)} and returns where, or None"""

    def __init__(self, config, record=None):
        self.config = config
        self.record = record
        self.counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
        self.running = {}       # nodeid: (the report that counts, seconds)
        self.again = {}         # nodeid: report of the first try
        self.interrupted = False
        self.took = []
        self.skips = []
        self.unsteady = 0
        self.outcomes = {}
        self.said = {}          # name: (outcome, reason)

    @staticmethod
    def say(text):
        print(text, flush=True)

    @staticmethod
    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(report):
        return (report.outcome if report.when == "call" or not report.passed else ""), "", ""

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed(report.nodeid or "collection", report.longreprtext)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        worst, seconds = self.running.pop(report.nodeid, (report, 0))
        worst = report if worst.passed else worst
        if report.when == "call" and report.passed:
            worst = report      # has what was told
        seconds += report.duration
        if report.when in ("setup", "call"):
            self.running[report.nodeid] = worst, seconds
        else:
            self.tell(worst, seconds)

    def tell(self, report, seconds):
        name = getattr(report, "shown", report.nodeid)
        self.took.append((seconds, name))
        told = getattr(report, "told", "")
        if report.outcome == "again":
            self.again[report.nodeid] = report
            self.say(f"AGAIN {name} ({seconds:.0f} s): {reason_of(report)}")
        elif report.passed:
            self.counts["passed"] += 1
            self.say(f"PASS {name} ({seconds:.0f} s)" + (f": {told}" if told else ""))
        elif report.skipped:
            self.counts["skipped"] += 1
            self.skips.append(f"SKIP {name}: {reason_of(report)}")
            self.say(self.skips[-1])
        else:
            self.failed(f"{name} ({seconds:.0f} s)", report.longreprtext, reason_of(report))
        self.said[name] = report.outcome, reason_of(report)
        self.outcomes[report.nodeid] = (report.outcome, seconds, reason_of(report))

    def tell_chaos(self):
        """What the rounds of random faults came to"""
        from . import chaos_counts  # not at the top: this file is run by itself, too
        path = chaos_counts.path(self.config)
        if os.path.exists(path):
            rounds = chaos_counts.read([path])
            self.say(f"{chaos_counts.summary(rounds)}: {path}")
            self.say("\n".join(chaos_counts.table(rounds)).rstrip())

    def failed(self, name, text, reason=None):
        self.counts["failed"] += 1
        lines = [line for line in text.splitlines() if line and not WORKER.match(line)] or ["?"]
        self.say(f"FAIL {name}: {reason or lines[-1]}")
        if len(lines) > 1:
            self.say("\n".join(f"    {line}" for line in lines))

    # --- a second try ---

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtestloop(self, session):
        loop = yield
        if self.again and not loop.excinfo:
            self.try_again(session)

    def try_again(self, session):
        second = {}
        if len(self.again) > AGAIN_LIMIT:
            self.say(f"{len(self.again)} scenarios have failed: none is tried again")
        else:
            self.say(f"once more, alone: {len(self.again)}")
            second = self.run_alone(list(self.again))
        for nodeid, first in self.again.items():
            outcome, seconds, reason = second.get(nodeid, ("failed", 0, reason_of(first)))
            if outcome == "passed":
                self.unsteady += 1
                self.say(f"UNSTEADY {first.shown}: {reason_of(first)}")
            for when in ("setup", "call", "teardown"):
                report = pytest.TestReport(
                    nodeid, first.location, {}, outcome if when == "call" else "passed",
                    reason if outcome == "failed" and when == "call" else None, when,
                    duration=seconds if when == "call" else 0)
                report.shown = first.shown
                self.config.hook.pytest_runtest_logreport(report=report)
        if self.unsteady > UNSTEADY_LIMIT:
            self.failed("unsteady", f"{self.unsteady} scenarios only passed when tried again, "
                        f"more than {UNSTEADY_LIMIT}")
            session.testsfailed += 1

    def run_alone(self, nodeids):
        """Runs the tests in another pytest, as this one was called; returns
        {nodeid: (outcome, seconds, reason)}."""
        path = os.path.join(self.config.series.logs, "outcomes.json")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        args = [arg for arg in self.config.invocation_params.args if arg not in self.config.args]
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *args, "-n", "0", "--junit-xml=/dev/null", *nodeids],
            cwd=self.config.rootpath, env={**os.environ, OUTCOMES: path},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            process.wait()
        finally:
            process.terminate()
            process.wait()
        try:
            with open(path) as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    # --- the end ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session):
        if self.config.option.collectonly:
            self.say("\n".join(shown(item) for item in session.items))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus):
        if OUTCOMES in os.environ:
            with open(os.environ[OUTCOMES], "w") as file:
                json.dump(self.outcomes, file)
        if self.config.option.collectonly:
            return
        if not sum(self.counts.values()) and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            self.failed("test", "no test matches; those that are slow want --full")

    def pytest_keyboard_interrupt(self, excinfo):
        # That is also what ends a run whose tests cannot be collected.
        self.interrupted = not isinstance(excinfo.value, pytest.Session.Interrupted)

    def pytest_unconfigure(self):
        if self.config.option.collectonly or OUTCOMES in os.environ:
            return
        if len(self.took) > 10:
            self.say("the slowest: " + ", ".join(
                f"{name} {seconds:.0f} s" for seconds, name in sorted(self.took)[:-11:-1]))
        for line in self.skips:
            self.say(line)
        if self.unsteady:
            self.say(f"{self.unsteady} passed only when tried again")
        if "chaos" in self.said and not self.config.option.replay:
            self.say(f"the random faults had the seed {self.config.option.seed}")
            self.tell_chaos()
        if self.record and self.said:
            self.say(f"recorded in {self.record(self.config, self.said)}")
        self.say(sum_with(self.counts) + (", interrupted" if self.interrupted else ""))


def watch(stacks, seconds):
    """Has what each thread does then written to the file @stacks, even if all wait in C."""
    # pylint: disable-next=consider-using-with
    faulthandler.dump_traceback_later(seconds, file=open(stacks, "w"), exit=False)


def where(path, stacks):
    """Where the first thread stood: at which line of the file @path, or else of any other"""
    try:
        with open(stacks) as file:
            main = file.read().rpartition("Thread 0x")[2]
    except FileNotFoundError:
        return ", before it began"
    lines = re.findall(r'File "(.+)", line (\d+) in (\S+)', main) or [("", "?", "nothing")]
    path = os.path.realpath(path)
    name, line, function = next((each for each in lines if os.path.realpath(each[0]) == path),
                                lines[0])
    return f", at {os.path.basename(name)}:{line}, in {function}; stacks {stacks}"


if __name__ == "__main__":
    # scripts/test counts what failed outside of pytest.
    print(sum_with({word: sys.argv.count(word) for word in ("passed", "failed", "skipped")}))
