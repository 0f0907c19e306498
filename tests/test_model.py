# SPDX-License-Identifier: LGPL-2.1-or-later
"""The model of the job engine (model/jobs.pml), with SPIN: all states are searched, for a
failed assertion with two clients, for a broken claim with one. Each BUG_... that can be
planted in it must break an assertion or a claim. model/transitions, with which
tests/harness/transitions.py compares the daemons' logs, must be what the model does;
--write writes it anew."""

import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import TOP

ORDER = "model"
pytestmark = pytest.mark.timeout(1800)
MODEL = TOP / "model/jobs.pml"
CLAIMS = re.findall(r"^ltl (\w+) ", MODEL.read_text(), re.M)
BUGS = sorted(set(re.findall(r"\bBUG_[A-Z_]*[A-Z]\b", MODEL.read_text())))
assert CLAIMS and BUGS, f"no claims or no bugs in {MODEL}"

SAFETY = ("-DSAFETY", "-DNOCLAIM"), ()
LIVENESS = ("-DNFAIR=4",), ("-DNQUERIES=1",)
# A thread may wait for a QEMU that hangs for ever: -E. That all other waits end is what
# the claims are for.
ASSERTIONS = ("-E",)


def claim_of(name):
    return "-a", "-f", "-N", name


class Model:
    """The model with options of the preprocessor, and its verifiers"""

    def __init__(self, folder, *options):
        self.folder, self.options = Path(folder), options

    def run(self, kind, how):
        """Searches all states; returns what is printed."""
        flags, options = kind
        folder = self.folder / "".join(flags + options + self.options)
        if not folder.exists():
            folder.mkdir()
            for command in (["spin", *dict.fromkeys(options + self.options), "-a", str(MODEL)],
                            ["gcc", "-O2", "-w", "-DCOLLAPSE", "-DVECTORSZ=2048", *flags,
                             "-o", "pan", "pan.c"]):
                subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)
        # Each step that is traced is printed millions of times.
        with subprocess.Popen(["./pan", "-m5000000", "-n", *how], cwd=folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pan:
            try:
                lines = dict.fromkeys(line.strip() for line in pan.stdout)
            finally:
                pan.kill()
        output = "\n".join(lines)
        assert re.search("^pan:1: ", output, re.M) or "errors: 0" in output \
            and not re.search("not completed|max search depth", output, re.I), \
            f"the search is not complete: {output[-500:]}"
        return output

    def search(self, kind, how):
        """Searches all states. Returns what is broken, or None, and states and depth."""
        output = self.run(kind, how)
        broken = re.search(r"^pan:1: (.{1,60})", output, re.M)
        if broken:
            return broken[1], ""
        return None, "depth {}, {} states".format(
            re.search(r"depth reached (\d+),", output)[1],
            re.search(r"^([0-9.e+]*) states, stored", output, re.M)[1])

    def transitions(self):
        """What the model does where the code logs a step, each once, with the state before
        it in words. Without partial order reduction, which leaves out what does not
        matter to an assertion."""
        names = dict((number, name) for name, number in
                     re.findall(r"^#define (\w+) +(\d+)$", MODEL.read_text(), re.M))
        output = self.run(((*SAFETY[0], "-DNOREDUCE", "-DPRINTF"), ("-DTRACE", "-DNQUERIES=1")),
                          ASSERTIONS)
        assert not re.search("^pan:1: ", output, re.M), output[-500:]
        found = set()
        for line in re.findall("^@ (.*)$", output, re.M):
            number, *flags = line.split()
            by_job, by_async, query, destroy, free, owned, opened, closing, ending = (
                flag != "0" for flag in flags)
            found.add(" ".join((
                names[number],
                "job+async" if by_job and by_async else "job" if by_job else
                "async" if by_async else "-",
                "query" if query else "destroy" if destroy else "-",
                "owned" if owned else "free" if free else "-",
                "open" if opened else "closing" if closing else "-",
                "ending" if ending else "-")))
        return sorted(found)


@pytest.fixture(scope="module")
def model():
    with tempfile.TemporaryDirectory() as path:
        yield Model(path)


@pytest.mark.parametrize("claim", ["assertions", *CLAIMS])
def test_model(model, claim, tell):
    broken, told = model.search(SAFETY, ASSERTIONS) if claim == "assertions" else \
        model.search(LIVENESS, claim_of(claim))
    assert not broken
    tell(told)


def test_model_transitions(folder, request, tell):
    found = Model(folder).transitions()
    known = TOP / "model/transitions"
    lines = known.read_text().splitlines()
    if request.config.option.write:
        comments = [line for line in lines if line.startswith("#")]
        known.write_text("".join(f"{line}\n" for line in comments + found))
    else:
        differs = set(found) ^ {line for line in lines if not line.startswith("#")}
        assert not differs, f"model/transitions differs from the model: {min(differs)}; --write"
    tell(f"{len(found)} of the model are those that logs are compared with")


@pytest.mark.parametrize("bug", BUGS)
def test_model_finds(folder, bug, tell):
    model = Model(folder, "-DNQUERIES=1", f"-D{bug}")
    broken, _ = model.search(SAFETY, ASSERTIONS)
    for claim in CLAIMS:
        broken = broken or (model.search(LIVENESS, claim_of(claim))[0] and claim)
    assert broken, "is not noticed"
    tell(f"breaks {broken}")
