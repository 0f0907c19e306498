# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-jobstorm's own tests (tests/jobstorm), which meson runs: on a plain build, and on
builds with AddressSanitizer (and UndefinedBehaviorSanitizer) and ThreadSanitizer."""

import json
import re
import subprocess

import pytest

from conftest import TESTS, run_script

ORDER = "jobstorm"
SANITIZERS = {"plain": "none", "address": "address,undefined", "thread": "thread"}
TEXT = (TESTS / "jobstorm/meson.build").read_text()
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
        found = subprocess.run(["meson", "test", "-C", folder, "--no-rebuild", "--list",
                                "--suite", "jobstorm"], text=True, check=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        assert sorted(re.findall(r"jobstorm-(\w+)", found)) == sorted(NAMES), found
        return folder
    return build


# They load the machine.
@pytest.mark.alone
@pytest.mark.xdist_group("jobstorm")
@pytest.mark.parametrize("kind, name", [pytest.param(kind, name, id=f"{kind}/{name}")
                                        for kind in SANITIZERS for name in NAMES])
def test_jobstorm(jobstorm, kind, name):
    folder = jobstorm(kind)
    logs = f"{folder}/meson-logs"
    run_script(["meson", "test", "-C", folder, "--no-rebuild", "--logbase", name,
                f"jobstorm-{name}"], stdout=subprocess.DEVNULL)
    with open(f"{logs}/{name}.json") as file:
        verdicts = [json.loads(line)["result"] for line in file]
    if verdicts != ["OK"]:
        pytest.fail(f"{verdicts}; log {logs}/{name}.txt", pytrace=False)
