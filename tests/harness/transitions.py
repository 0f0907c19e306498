# SPDX-License-Identifier: LGPL-2.1-or-later
"""Replays a daemon's log against the model of the job engine (model/jobs.pml).

The daemon logs each step of a domain's jobs. The state before each step is followed
here, and the pair must be one that SPIN has found in the model: model/transitions has
them all, tests/test_model.py writes and checks it.
"""

import collections
import pathlib
import re
import sys

MODEL = pathlib.Path(__file__).resolve().parents[2] / "model"
LINE = re.compile(r"\S+ \S+: (?P<thread>\d+): (?:debug|info|warning) : "
                  r"(?P<function>\w+):\d+ : (?P<text>.*)")
OBJECT = re.compile(r"\b(?:vm|obj)=(0x[0-9a-f]+)")

# What the code logs at each step, and the step's name in the model.
STEPS = tuple((step, re.compile(pattern)) for step, pattern in (
    ("BEGIN_JOB", r"Started job: (?P<job>[\w ]+) \("),
    ("END_JOB", r"Stopping job: (?P<job>[\w ]+) \("),
    ("BEGIN_ASYNC", r"Started async job: "),
    ("END_ASYNC", r"Stopping async job: "),
    ("OPENS", r"Async job .* is interruptible \("),
    ("WAITS", r"Async job .* waits for job "),
    ("CLOSED", r"Async job .* is not interruptible \("),
    ("RELEASE", r"Releasing ownership of "),
    ("GIVE_UP", r"Giving up job .* of domain (?P<name>\S+) owned by"),
    ("BEGIN_END", r"Waiting for process begins \("),
    ("END_END", r"Waiting for process ends \("),
    ("MONITOR", r"Entering monitor \("),
))
# Not a step: what a daemon finds when it starts.
RESTORED = re.compile(r"Restoring .* async job for domain (?P<name>\S+)")
NAME = re.compile(r"\bname=([^ )]+)")

FIELDS = ("by", "job", "async", "window", "process")


class Domain:
    """What is known of a domain's jobs"""

    def __init__(self):
        self.name = None
        self.job = self.owner = None        # query or destroy, and whose it is
        self.asynchronous = False
        self.async_owner = None
        self.open = self.closing = False
        self.ending = 0

    def state(self, thread):
        """The state in the words of model/transitions, as seen by @thread."""
        by = [what for what, owner in (("job", self.owner), ("async", self.async_owner))
              if owner is not None and owner == thread]
        return ("+".join(by) or "-", self.job or "-",
                "owned" if self.async_owner else "free" if self.asynchronous else "-",
                "open" if self.open else "closing" if self.closing else "-",
                "ending" if self.ending else "-")

    def before(self, step, thread):
        """What the code does just before it logs the step."""
        if step in ("WAITS", "CLOSED") and self.asynchronous:
            if self.async_owner is None:
                self.async_owner = thread   # qemuDomainObjStartJobPhase()
            self.open, self.closing = False, True

    def after(self, step, thread, job):
        """What the code does after it has logged the step."""
        if step == "BEGIN_JOB":
            self.job, self.owner = job, thread
        elif step == "END_JOB":
            self.job = self.owner = None
        elif step == "BEGIN_ASYNC":
            self.asynchronous, self.async_owner = True, thread
            self.open = self.closing = False
        elif step == "END_ASYNC":
            self.asynchronous, self.async_owner = False, None
            self.open = self.closing = False
        elif step == "OPENS":
            self.open = True
        elif step == "CLOSED":
            self.closing = False
        elif step == "RELEASE":
            self.async_owner, self.open, self.closing = None, False, False
        elif step == "BEGIN_END":
            self.ending += 1
        elif step == "END_END":
            self.ending -= 1


def known():
    """{(step, *state)} of the model"""
    lines = (MODEL / "transitions").read_text().splitlines()
    return {tuple(line.split()) for line in lines if line and not line.startswith("#")}


class Replay:
    """Follows the domains of one daemon's log. @seen counts the model's transitions,
    @faults are the lines that the model has no transition for."""

    def __init__(self, model):
        self.model = model
        self.seen = collections.Counter()
        self.faults = []
        self.domains = collections.defaultdict(Domain)
        self.restored = set()

    def line(self, line):
        found = LINE.match(line)
        if not found:
            if ": libvirt version: " in line:      # another daemon's log begins
                self.domains.clear()
                self.restored.clear()
            return
        thread, text = found["thread"], found["text"]
        restored = RESTORED.search(text)
        if restored:
            self.restore(restored["name"])
            return
        for step, pattern in STEPS:
            match = pattern.match(text)
            if match:
                self.step(step, thread, match.groupdict(), text, line)
                return

    def restore(self, name):
        for domain in self.domains.values():
            if domain.name == name:
                domain.asynchronous = True
                return
        self.restored.add(name)

    def step(self, step, thread, words, text, line):
        domain = self.domain(step, thread, words, text)
        if domain is None:
            return
        job = words.get("job")
        if job:
            job = "destroy" if job == "destroy" else "query"
        domain.before(step, thread)
        transition = (step, *domain.state(thread))
        self.seen[transition] += 1
        if transition not in self.model:
            self.faults.append(f"{' '.join(transition)}: {line.rstrip()}")
        domain.after(step, thread, job)

    def domain(self, step, thread, words, text):
        found = OBJECT.search(text)
        if found:
            domain = self.domains[found[1]]
            name = NAME.search(text)
            if name and domain.name is None:
                domain.name = name[1]
                if domain.name in self.restored:
                    self.restored.discard(domain.name)
                    domain.asynchronous = True
            return domain
        # These name no object: the one whose async job the thread owns.
        mine = [domain for domain in self.domains.values() if domain.async_owner == thread]
        if step == "GIVE_UP":
            mine = [domain for domain in mine if domain.name == words["name"]]
        # The job may have no owner to be released from.
        return mine[0] if len(mine) == 1 else None


def replay(path, model=None):
    """Returns the Replay of the log @path."""
    result = Replay(known() if model is None else model)
    with open(path, errors="replace") as log:
        for line in log:
            result.line(line)
    return result


def main(paths):
    model, seen, faults = known(), collections.Counter(), []
    for path in paths:
        result = replay(path, model)
        seen += result.seen
        faults += [f"{path}: {fault}" for fault in result.faults]
    print("\n".join(faults[:50]))
    print(f"{sum(seen.values())} steps, {len(faults)} that the model has not; "
          f"{len(model & set(seen))} of its {len(model)} transitions seen")
    return 1 if faults or not seen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
