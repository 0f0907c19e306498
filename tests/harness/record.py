# SPDX-License-Identifier: LGPL-2.1-or-later
"""With --record: what a run has said of a release of libvirt is kept in releases/
(scripts/series/tested.py), and the table in README.md is written anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

from series.releases import version_of
from series.tested import Tested

# The tests that another release of libvirt may answer otherwise
WHICH = "scenario or release"
# How the reason begins if a test that has failed counts as skipped
KNOWN_OF_STOCK = "stock is known to fail it"


def check(option):
    """What is wrong with --record beside the other options, or None"""
    for name in ("build", "stock_build", "sanitize", "valgrind"):
        if getattr(option, name):
            return f"--record is for the builds that are made here, not for --{name.replace('_', '-')}"
    return None


def word_of(outcome, reason):
    if outcome == "skipped" and reason.startswith(KNOWN_OF_STOCK):
        return "failed"
    return outcome


def output(*command, **settings):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, **settings).stdout


def record(config, outcomes):
    """@outcomes: {name: (outcome, reason)} of the tests that have run"""
    series = config.series
    top = config.rootpath
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    names = output(sys.executable, "-B", "-m", "pytest", "--collect-only", "-m", WHICH,
                   cwd=top, env=environment).splitlines()
    found = {name: word_of(*said) for name, said in outcomes.items()}
    qemu = re.search(r"version (\d+\.\d+)", output("qemu-system-x86_64", "--version"))[1]
    debian = series.shell("machine_debian").strip()
    tree = Path(series.set, "series/tree")
    state = output("git", "-C", str(tree), "rev-parse", "HEAD^{tree}").strip()[:12] \
        if tree.exists() else "-"
    tested = Tested(top / "src", version_of(series.set / "stock/tree"), debian)
    tested.record(found, bool(config.option.stock), names, qemu, state)
    subprocess.run([top / "build-aux/release-table"], check=True)
    return tested.path
