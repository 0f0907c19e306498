# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-jobstorm's own tests (tests/jobstorm): on a plain build, and on builds with
AddressSanitizer (and UndefinedBehaviorSanitizer) and ThreadSanitizer. meson builds them and
tells how to run them; its own runner would take longer to start than most of them last."""

import json
import os
import re
import signal
import subprocess

import pytest

from conftest import TESTS, TOP, run_script

ORDER = "jobstorm"
SANITIZERS = {"plain": "none", "address": "address,undefined", "thread": "thread"}
TEXT = (TESTS / "jobstorm/meson.build").read_text()
SHOWN_LINES = 60
NAMES = [*re.findall(r"'(\w+)'", re.search(r"^foreach name : \[(.*)\]$", TEXT, re.M)[1]),
         *re.findall(r"^  'jobstorm-(\w+)',$", TEXT, re.M)]


@pytest.fixture(scope="session")
def jobstorm(series):
    """A function that returns the build of a kind; with warnings as errors, as there
    are none."""
    def build(kind):
        folder = f"{series.work}/build/jobstorm-{kind}"
        log = f"{series.work}/log/jobstorm-{kind}.log"
        series.make(f"jobstorm {kind}", f"""
mkdir -p "$work/log" "$work/build" && need_packages jobstorm || exit 1
{{ configure_ours {folder} -Db_sanitize={SANITIZERS[kind]} -Db_lundef=false -Dwerror=true \\
       -Dmanpages=enabled && ninja -C {folder}; }} >{log} 2>&1 ||
    {{ grep -m 1 rror: {log} >&2; exit 1; }}""")
        with open(f"{folder}/meson-info/intro-tests.json") as file:
            tests = {test["name"].removeprefix("jobstorm-"): test for test in json.load(file)
                     if test["suite"][0].endswith(":jobstorm")}
        assert sorted(tests) == sorted(NAMES), tests
        return folder, tests
    return build


def failures(output):
    """What the output of a test in TAP says of the cases that failed: the lines before
    each, and what is last if it broke off. Of too much, the end."""
    found, lines = [], []
    for line in output.splitlines():
        lines.append(line)
        if re.match(r"(not ok|Bail out!|ok) ", line):
            found += [] if line.startswith("ok") else lines
            lines = []
    return [*found, *lines][-SHOWN_LINES:]


def test_jobstorm_tells_why():
    assert failures("ok 1 - a\n# for a reason\nnot ok 2 - b\nok 3 - c\n") == [
        "# for a reason", "not ok 2 - b"]
    assert failures("ok 1 - a\nSUMMARY: data race\n") == ["SUMMARY: data race"]
    assert failures("ok 1 /a\n# ERROR: b\nBail out! ERROR: b\n") == [
        "# ERROR: b", "Bail out! ERROR: b"]


@pytest.mark.xdist_group("jobstorm")
@pytest.mark.parametrize("kind, name", [pytest.param(kind, name, id=f"{kind}/{name}")
                                        for kind in SANITIZERS for name in NAMES])
def test_jobstorm(jobstorm, series, tell, kind, name):
    folder, tests = jobstorm(kind)
    test = tests[name]
    log = f"{series.work}/log/jobstorm-{kind}-{name}.log"
    with open(log, "w") as file:
        status, _ = run_script(["timeout", "--kill-after=10", str(test["timeout"]), *test["cmd"]],
                               cwd=folder, env={**os.environ, **test["env"]}, stdout=file,
                               stderr=subprocess.STDOUT)
    with open(log, errors="replace") as file:
        output = file.read()
    if status:
        why = {124: f"not within {test['timeout']} s", 99: "a finding of a sanitizer"}.get(
            status, f"exit status {status}" if status > 0 else signal.Signals(-status).name)
        pytest.fail("\n".join([*failures(output), f"{why}; log {log}"]), pytrace=False)
    plan = re.search(r"^1\.\.(\d+)$", output, re.M)
    passed = len(re.findall(r"^ok \d+", output, re.M))
    assert plan and passed == int(plan[1]) > 0, f"{passed} cases of {plan and plan[1]}; log {log}"
    if skipped := re.findall(r"^ok \d+ .*# SKIP .*", output, re.M):
        pytest.skip("; ".join(skipped))
    tell(f"{passed} cases")


def test_jobstorm_package(series, folder):
    """Its own Debian package"""
    series.make("packages for jobstorm", "need_packages jobstorm")
    log = os.path.join(folder, "log")
    with open(log, "w") as file:
        status, output = run_script([TOP / "build-aux/jobstorm-deb", folder, "1.2-3"],
                                    stdout=subprocess.PIPE, stderr=file)
    with open(log) as file:
        assert status == 0, file.read()
    path = output.split()[-1]
    fields = subprocess.run(["dpkg-deb", "-f", path], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    assert "Version: 1.2-3\n" in fields
    assert re.search("^Depends: .*libvirt0", fields, re.M), fields
    subprocess.run(["dpkg-deb", "-x", path, f"{folder}/root"], check=True)
    subprocess.run([f"{folder}/root/usr/bin/virt-jobstorm", "--uri", "test:///default", "--domain",
                    "test", "--duration", "100ms", "--rate", "50", "--drain", "1m"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in ("share/man/man1/virt-jobstorm.1.gz", "share/doc/virt-jobstorm/copyright",
                 "share/bash-completion/completions/virt-jobstorm"):
        assert os.path.exists(f"{folder}/root/usr/{name}"), name
