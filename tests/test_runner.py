# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run of the tests says (harness/verdicts.py), and what becomes of one that ends."""

import importlib.machinery
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import TESTS, TOP
from harness import chaos_counts, verdicts

GROUP = "runner"
ORDER = "tooling"

# As conftest.py has it. The tests called scenario_... stand for scenarios.
CONFTEST = """
import os, types, pytest
from harness import verdicts

def pytest_addoption(parser):
    parser.addoption("--again", action="store_true")

@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.series = types.SimpleNamespace(logs=os.path.dirname(__file__))
    config.pluginmanager.register(verdicts.Worker(config, config.series.logs))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(verdicts.Verdicts(config))

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed and "scenario" in item.name and verdicts.tries_again(item.config):
        report.outcome = "again"
"""


@pytest.fixture
def ran(folder):
    """A function that runs tests; returns the exit status and the lines"""
    def run(text, *args):
        write(folder, text)
        done = subprocess.run(command(*args), cwd=folder, text=True, check=False, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.splitlines()
    return run


def write(folder, text):
    Path(folder, "pytest.ini").write_text((TOP / "pytest.ini").read_text().replace(
        "pythonpath = tests scripts", f"pythonpath = {TESTS}").replace(
            "testpaths = tests", "testpaths = ."))
    Path(folder, "conftest.py").write_text(CONFTEST)
    Path(folder, "test_x.py").write_text("import os, pytest, time\n" + text)


def command(*args):
    return [sys.executable, "-B", "-m", "pytest", "--again", *args]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (verdicts.COUNTS, verdicts.OUTCOMES):
        monkeypatch.delenv(name, raising=False)


def test_counts_are_added(ran, folder, monkeypatch):
    monkeypatch.setenv(verdicts.COUNTS, f"{folder}/counts")
    text = "def test_a():\n    pass\n"
    assert ran(text)[1][-1] == "1 passed, 0 failed, 0 skipped"
    status, lines = ran(text + "def test_b():\n    assert False\n")
    assert status == 1 and lines[-1] == "2 passed, 1 failed, 0 skipped", lines
    # As scripts/test does if another release of Debian cannot be tested at all
    done = subprocess.run([sys.executable, verdicts.__file__, "failed"], check=True, text=True,
                          stdout=subprocess.PIPE)
    assert done.stdout == "2 passed, 2 failed, 0 skipped\n", done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_verdicts(ran, workers):
    status, lines = ran("""
GROUP = "x"

def test_good():
    pass

@pytest.mark.parametrize("n", ["a/b"])
def test_two_words(n):
    pass

def test_bad():
    assert 1 == 2, "one is not two"

def test_left_out():
    pytest.skip("no such thing here")

@pytest.fixture
def broken():
    yield
    raise ValueError("at the end")

def test_teardown(broken):
    pass
""", "-n", workers)
    said = "\n".join(lines)
    assert status == 1 and lines[-1] == "2 passed, 2 failed, 1 skipped", said
    for line in ("PASS x/good (0 s)", "PASS x/two-words/a/b (0 s)",
                 "SKIP x/left-out: no such thing here"):
        assert line in lines, said
    assert lines.count("SKIP x/left-out: no such thing here") == 2, said
    assert "FAIL x/bad (0 s): AssertionError: one is not two" in said, said
    assert "FAIL x/teardown (0 s): ValueError: at the end" in said, said


def test_nothing_is_a_failure(ran):
    for text, args in (("def test_a():\n    pass\n", ("-k", "nowhere")), ("import nothing\n", ())):
        for workers in ("0", "2"):
            status, lines = ran(text, *args, "-n", workers)
            assert status and lines[-1].endswith(" 0 skipped") and " 0 failed" not in lines[-1], lines


def test_second_try(ran, folder):
    text = """
def once(name):
    path = os.path.join(os.path.dirname(__file__), name)
    if not os.path.exists(path):
        open(path, "w").close()
        raise ValueError("the first time")
"""
    for count, status, last in ((3, 0, "4 passed, 0 failed, 0 skipped"),
                                (4, 1, "5 passed, 1 failed, 0 skipped"),
                                (11, 1, "1 passed, 11 failed, 0 skipped")):
        for path in Path(folder).glob("first*"):
            path.unlink()
        found, lines = ran(text + "def test_good():\n    pass\n" + "".join(
            f"def test_scenario{n}():\n    once('first{n}')\n" for n in range(count)), "-n", "2")
        said = "\n".join(lines)
        assert (found, lines[-1]) == (status, last), said
        unsteady = [line for line in lines if line.startswith("UNSTEADY ")]
        assert len(unsteady) == (count if count < 11 else 0), said
        assert not unsteady or "UNSTEADY scenario0: ValueError: the first time" in lines, said
    found, lines = ran("def test_scenario():\n    assert False, 'each time'\n"
                       "def test_other():\n    assert False\n", "-n", "2")
    assert (found, lines[-1]) == (1, "0 passed, 2 failed, 0 skipped"), lines
    assert sum(line.startswith("AGAIN") for line in lines) == 1, lines


def test_where_it_hung(folder):
    """Also where Python is not asked: in C"""
    path = Path(folder, "stuck.py")
    path.write_text("""
import threading
from harness import verdicts

def hang():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

threading.Thread(target=threading.Event().wait, daemon=True).start()
verdicts.watch("stacks", 0.5)
hang()
""")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-B", path], cwd=folder, check=False, timeout=3,
                       env={**os.environ, "PYTHONPATH": str(TESTS)})
    assert verdicts.where(path, Path(folder, "stacks")).startswith(", at stuck.py:8, in hang;")
    assert verdicts.where(path, Path(folder, "missing")) == ", before it began"


def test_shrink():
    """What a failure does not need goes, in whatever order; what it needs stays."""
    loader = importlib.machinery.SourceFileLoader("shrink", str(TESTS / "shrink"))
    shrink = importlib.util.module_from_spec(importlib.util.spec_from_loader("shrink", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(shrink)
    plan = {"faults": [{"what": what, "at": 1} for what in ("stall", "abort", "cut", "reset")],
            "clients": {"alpha": ["block", "job"], "beta": ["stats"]}, "bandwidth": 2,
            "bystanders": [{"host": "alpha", "job": "p2p"}, {"host": "beta", "job": None}]}

    def fails(plan):
        return {"stall", "cut"} <= {fault["what"] for fault in plan["faults"]} \
            and "job" in plan["clients"]["alpha"] \
            and any(one["job"] for one in plan["bystanders"])

    said = []
    assert shrink.shrink(plan, fails, said.append) == {
        "faults": [{"what": "stall", "at": 1}, {"what": "cut", "at": 1}],
        "clients": {"alpha": ["job"], "beta": []}, "bandwidth": None,
        "bystanders": [{"host": "alpha", "job": "p2p"}]}
    assert "needs cut at 1 s" in said and "fails without stats on beta, too" in said
    assert len(plan["faults"]) == 4


def test_counts_of_random_faults(folder):
    """Rounds of several runs are added up, by the kind of job and of fault."""
    def one(name, job, passed, *faults, pid=7, beside=()):
        return json.dumps({"round": name, "job": job, "passed": passed, "faults": [
            {"what": what, "where": "alpha", "met": met} for what, met in faults],
            "bystanders": beside,
            "memory": {"alpha": {"pid": pid, "rss": 1024 * int(name[-1]), "anon": 512}}}) + "\n"

    paths = [Path(folder, name) for name in ("first", "second")]
    paths[0].write_text(one("1.1", "save", True, ("abort", True), ("abort", False))
                        + one("1.2", "p2p", True, ("abort", True), ("cut", True))
                        + one("1.3", "p2p", False, ("reset", False), beside=["none", "dump"]))
    paths[1].write_text(one("2.1", "p2p", True, ("cut", False), beside=["none", "none"])
                        + "".join(one(f"2.{n}", "dump", True, pid=8) for n in (2, 3)))
    rounds = chaos_counts.read(paths)
    assert chaos_counts.summary(rounds) == (
        "6 rounds, 5 passed; 6 faults drawn, 3 made while an async job ran")
    lines = chaos_counts.table(rounds, ["tls", "p2p"])
    assert [line for line in lines if not re.match(r"\| (job|fault|guest|seed|---) ?", line)] == [
        "| tls | 0 | 0 | 0 | 0 |", "| p2p | 3 | 2 | 4 | 2 |", "| dump | 2 | 2 | 0 | 0 |",
        "| save | 1 | 1 | 2 | 1 |", "",
        "| abort | 2 | 2 | 3 | 2 |", "| cut | 2 | 2 | 2 | 1 |", "| reset | 1 | 0 | 1 | 0 |", "",
        "| bare | 6 | 5 | 6 | 3 |", "",
        "| dump | 1 | 0 | 1 | 0 |", "| none | 2 | 1 | 2 | 0 |", "",
        "| 1 | alpha | 3 | 1.0 (0.5) | 2.0 (0.5) | 3.0 (0.5) |", ""]


def test_alone(ran):
    """Nothing runs beside a test that is alone."""
    status, lines = ran("".join(f"""
{mark}
def test_{n}():
    here = os.path.join(os.path.dirname(__file__), "busy")
    os.makedirs(here, exist_ok=True)
    mine = os.path.join(here, "{n}")
    open(mine, "w").close()
    time.sleep(0.2)
    others = os.listdir(here)
    os.unlink(mine)
    assert not {bool(mark)} or others == ["{n}"], others
    assert {bool(mark)} or "alone" not in others
""" for n, mark in ((str(n), "") if n != 4 else ("alone", "@pytest.mark.alone") for n in range(8))),
                        "-n", "2")
    assert status == 0 and lines[-1] == "8 passed, 0 failed, 0 skipped", "\n".join(lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(folder, number):
    """An interrupt ends the workers and what they run."""
    pids = Path(folder, "pids")
    write(folder, f"""
import subprocess
@pytest.mark.parametrize("n", range(2))
def test_long(n):
    child = subprocess.Popen(["sleep", "300"])
    with open({str(pids)!r}, "a") as file:
        file.write(f"{{child.pid}} {{os.getpid()}} ")
    try:
        child.wait()
    finally:
        child.terminate()
""")
    with subprocess.Popen(command("-n", "2"), cwd=folder, text=True, stdout=subprocess.PIPE,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
                          stderr=subprocess.STDOUT, start_new_session=True) as run:
        deadline = time.monotonic() + 60
        while not pids.exists() or len(pids.read_text().split()) < 4:
            assert time.monotonic() < deadline and run.poll() is None, "it never ran"
            time.sleep(0.05)
        os.killpg(run.pid, number)
        said = run.communicate(timeout=300)[0]
    assert run.returncode == 2 and said.splitlines()[-1].endswith("skipped, interrupted"), said
    left = [pid for pid in pids.read_text().split() if Path(f"/proc/{pid}").exists()]
    assert not left, left
