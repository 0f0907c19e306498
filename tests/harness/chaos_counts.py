# SPDX-License-Identifier: LGPL-2.1-or-later
"""What rounds of random faults came to, added up over any number of runs.

Each round is a line of JSON, in the file chaos-rounds-SEED.jsonl among the logs:

    round   its name, SEED.NUMBER
    job     its kind
    faults  [{what, where, met}]; met: it was made while that job ran
    guest   its kind, bare or linux
    bystanders  the job of each guest that stood by, "none" if it had none
    passed  whether the round did; error: why it did not
    memory  {host: {pid, rss, anon}}: KiB that its daemon has after the round: resident, and
            what of that is no file's
"""

import collections
import json
import os


def path(config):
    """The file of a run of pytest"""
    return os.path.join(config.series.logs, f"chaos-rounds-{config.option.seed}.jsonl")


def read(paths):
    """The rounds that are in the files @paths"""
    rounds = []
    for path in paths:
        with open(path) as file:
            rounds += map(json.loads, file)
    return rounds


def rows(rounds, names, of):
    """A row for each of @names, and for whatever else there is. @of: of a round, what it is
    counted as, each with the faults that count for it: [(name, faults)]"""
    drawn, passed, faults, met = (collections.Counter() for _ in range(4))
    for one in rounds:
        for name, made in of(one):
            drawn[name] += 1
            passed[name] += one["passed"]
            faults[name] += len(made)
            met[name] += sum(fault["met"] for fault in made)
    yield from ((name, drawn[name], passed[name], faults[name], met[name])
                for name in [*names, *sorted(set(drawn) - set(names))])


def kinds_of_fault(one):
    """The kinds of fault in the round @one, each with its faults"""
    kinds = collections.defaultdict(list)
    for fault in one["faults"]:
        kinds[fault["what"]].append(fault)
    return kinds.items()


def kinds_beside(one):
    """The jobs of the guests that stood by in the round @one, each with its faults"""
    return [(job, one["faults"]) for job in sorted(set(one.get("bystanders", ())))]


def summary(rounds):
    """A line about all @rounds"""
    faults = [fault for one in rounds for fault in one["faults"]]
    return (f"{len(rounds)} rounds, {sum(one['passed'] for one in rounds)} passed; "
            f"{len(faults)} faults drawn, {sum(fault['met'] for fault in faults)} made while "
            "an async job ran")


def table(rounds, jobs=(), faults=()):
    """Lines of Markdown. @jobs, @faults: kinds that are told of although none may have been
    drawn, in that order"""
    lines = []
    for head, names, of in (
            ("job", jobs, lambda one: [(one["job"], one["faults"])]),
            ("fault", faults, kinds_of_fault),
            ("guest", (), lambda one: [(one.get("guest", "bare"), one["faults"])]),
            ("job of a guest beside", (), kinds_beside)):
        found = [f"| {' | '.join(map(str, row))} |" for row in rows(rounds, names, of)]
        if found:
            lines += [f"| {head} | rounds | passed | faults drawn | met a running job |",
                      "| --- | --- | --- | --- | --- |", *found, ""]
    return [*lines, *memory(rounds)]


def memory(rounds, least=3):
    """What each daemon that has lived through at least @least rounds had after the first of
    them, half of them, and all: lines of Markdown"""
    had = collections.defaultdict(list)
    for one in rounds:
        run = one["round"].rpartition(".")[0]
        for host, of in one.get("memory", {}).items():
            had[run, host, of["pid"]].append((of["rss"], of["anon"]))
    lines = []
    for (run, host, _), values in had.items():
        if len(values) >= least:
            told = (values[0], values[len(values) // 2], values[-1])
            lines.append(f"| {run} | {host} | {len(values)} | " + " | ".join(
                f"{rss / 1024:.1f} ({anon / 1024:.1f})" for rss, anon in told) + " |")
    return lines and ["| seed | daemon of | rounds | MiB (anonymous) after the first | half | all |",
                      "| --- | --- | --- | --- | --- | --- |", *lines, ""]
