# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin of pytest: scenarios, each in a sandbox of its own.

pytest collects the functions with @scenario (harness/scenario.py) and forks for each of
them; the child becomes a sandbox (harness/sandbox.py), in which the fixtures are set up
and the function is called. What it prints goes to a log; its outcome and its reason
come back in a file.
"""

import contextlib
import gc
import inspect
import json
import os
import select
import signal
import sys
import time
import traceback

import libvirt
import pytest
from _pytest.runner import runtestprotocol

from . import phases, sandbox
from .record import KNOWN_OF_STOCK
from .scenario import Skip, Test, is_stock
from .verdicts import shown, tries_again, watch, where

FAILED = pytest.StashKey()
TEST = pytest.StashKey()


def pytest_pycollect_makeitem(collector, name, obj):
    """A scenario is a test, in the module that has it."""
    if inspect.isfunction(obj) and hasattr(obj, "scenario") \
            and obj.__module__ == collector.obj.__name__:
        return list(collector._genfunctions(name, obj))
    return None


def pytest_generate_tests(metafunc):
    entry = getattr(metafunc.function, "scenario", None)
    if entry and entry.kinds:
        metafunc.parametrize(list(inspect.signature(metafunc.function).parameters)[1],
                             [kind() for kind in entry.kinds],
                             ids=[kind.name for kind in entry.kinds])


def pytest_itemcollected(item):
    entry = getattr(item.obj, "scenario", None)
    if entry:
        item.add_marker("scenario")
        item.add_marker(pytest.mark.timeout(0))     # it has a limit of its own
        if entry.slow:
            item.add_marker("slow")
        if entry.other is True or entry.other and item.callspec.id in entry.other:
            item.add_marker("other")


@pytest.fixture
def t(request):
    """Hosts and guests, made when first asked for; checks at the end what every scenario
    must leave behind."""
    series = request.config.series
    test = request.node.stash[TEST] = Test(
        series.run_folder, series.build, series.tools, series.cache, sys.stdout,
        series.stock_build, request.config.option.valgrind,
        series.find_other_builds(), request.config.option.leaks)
    yield test
    error = request.node.stash.get(FAILED, None)
    if error is None:
        test.finish()
    elif isinstance(error, Exception):
        test.log_leaks()


@pytest.fixture
def hosts(t):
    """Two hosts, started"""
    return t.alpha, t.beta


@pytest.fixture
def guest(t):
    """A guest that runs on the first host"""
    made = t.guest()
    made.start(t.alpha)
    return made


@pytest.fixture
def held_phase(t):
    """A function with the arguments of phases.hold that holds a phase of a migration to
    the end of the scenario, and returns the Migration"""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **settings: stack.enter_context(phases.hold(t, *args, **settings))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    if call.excinfo:
        item.stash.setdefault(FAILED, call.excinfo.value)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    if not item.get_closest_marker("scenario"):
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    outcome, reason, seconds = run(item)
    for when in ("setup", "call", "teardown"):
        report = pytest.TestReport(item.nodeid, item.location, {}, "passed", None, when)
        if when == "call":
            report.outcome, report.duration = outcome, seconds
            report.longrepr = {"passed": None, "skipped": (str(item.path), 0, reason)}.get(
                outcome, reason)
        report.shown = shown(item)
        report.told = reason if outcome == "passed" else ""
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    # What was set up for the test before and is not for the next
    item.session._setupstate.teardown_exact(nextitem)
    return True


def run(item):
    """Runs a scenario. Returns its outcome, the reason for it, or what one that has passed
    tells, and seconds."""
    config, series, entry = item.config, item.config.series, item.obj.scenario
    try:
        series.prepare(entry.needs_stock)
    except series.Unprepared as error:
        return "failed", str(error), 0
    began = time.monotonic()
    name = item.nodeid.rpartition("::")[2].translate(str.maketrans("[/", "--", "]"))
    folder = os.path.join(series.logs, "scenarios", series.name_of(series.build))
    os.makedirs(folder, exist_ok=True)
    log, result, stacks = (os.path.join(folder, name + suffix)
                           for suffix in (".log", ".json", ".stacks"))
    for path in (result, stacks):
        if os.path.exists(path):
            os.unlink(path)
    limit = entry.timeout(config.option) if callable(entry.timeout) else entry.timeout
    limit *= 4 if config.option.valgrind else 2 if config.option.leaks else 1
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        def main(folder):
            watch(stacks, limit - 2)
            return _main(item, folder, result)

        _become(item, parent, name, log, main)
    waiting = os.pidfd_open(child)
    try:
        in_time = select.select([waiting], [], [], limit)[0]
    finally:
        # Of no effect if it has ended. It ends by itself within the sandbox's grace.
        os.kill(child, signal.SIGTERM)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(waiting)
    seconds = time.monotonic() - began
    if status == 0:
        os.unlink(stacks)
        with open(result) as file:
            return "passed", json.load(file), seconds
    if not in_time:
        reason = f"not done after {limit} s{where(item.path, stacks)}"
    else:
        try:
            with open(result) as file:
                reason = json.load(file)
        except (FileNotFoundError, ValueError):
            reason = f"exit status {status}"
    if status == sandbox.SKIPPED:
        return "skipped", reason, seconds
    known = entry.stock_fails
    if isinstance(known, dict):
        known = known.get(item.name.partition("[")[2][:-1])
    if known and is_stock(series.build):
        return "skipped", f"{KNOWN_OF_STOCK}: {known} ({reason})", seconds
    return ("again" if tries_again(config) else "failed"), f"{reason}; log {log}", seconds


def _become(item, parent, name, log, main):
    """Becomes the sandbox in which @main runs the scenario. Does not return."""
    code = 1
    try:
        sandbox.die_with_parent()
        if os.getppid() != parent:
            return  # it had died before
        plugins = item.config.pluginmanager
        capturing = plugins.unregister(name="capturemanager")
        capturing.stop_global_capturing()
        with open(log, "w") as file, open(os.devnull) as null:
            for number, to in enumerate((null, file, file)):
                os.dup2(to.fileno(), number)
        sys.stdout = open(1, "w", buffering=1, closefd=False)
        sys.stderr = open(2, "w", buffering=1, closefd=False)
        series = item.config.series
        code = sandbox.run(main, series.work, f"{series.name_of(series.build)}-{name}",
                           item.config.option.keep)
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        os._exit(code)


def _main(item, folder, result):
    """In the sandbox; returns the exit status."""
    # See harness/__init__.py.
    gc.disable()
    libvirt.registerErrorHandler(lambda *_: None, None)
    item.config.series.run_folder = folder
    reports = runtestprotocol(item, log=False, nextitem=None)
    error = item.stash.get(FAILED, None)
    if error is None:
        with open(result, "w") as file:
            json.dump(item.stash[TEST].told if TEST in item.stash else "", file)
        return 0
    for report in reports:
        if not report.passed:
            print(report.longreprtext)
    print(f"files: {folder}")
    if isinstance(error, (Skip, pytest.skip.Exception)):
        reason = str(error)
    elif isinstance(error, sandbox.Interrupted):
        reason = "interrupted or out of time"
    else:
        deaths = item.stash[TEST].deaths() if TEST in item.stash else ()
        reason = "; ".join(deaths) or str(error) or type(error).__name__
    reason = reason.replace("\n", "; ")
    print(reason)
    with open(result, "w") as file:
        json.dump(reason, file)
    return sandbox.SKIPPED if isinstance(error, (Skip, pytest.skip.Exception)) else 1
