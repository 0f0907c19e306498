# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what was measured on stock with what was measured on the series, and
says it in tables."""

import dataclasses
import re
import typing

# Seconds. Times of emulated guests on a busy machine differ much.
LATER_FACTOR, LATER_ADD, LATER_LEAST = 3, 0.5, 1.0
AT_ONCE = 0.5

# From best to worst
ORDER = ("answered", "later", "refused", "waits", "crash")


@dataclasses.dataclass(frozen=True)
class Exemption:
    """Cells that may be worse than stock's, on purpose: the call must still come
    back within @limit seconds, whatever it says; None: whenever the phase ends."""
    phases: tuple
    host: str
    calls: tuple
    limit: typing.Optional[float]
    reason: str

    def spares(self, result):
        return self.limit is None or (result["verdict"] != "waits"
                                      and result["seconds"] <= self.limit)


SWITCHOVER_QUERIES = ("domstats", "dominfo", "domblkstat", "domifstat", "dommemstat",
                      "domjobinfo", "vcpuinfo", "domblkinfo", "qemu-monitor-command",
                      "migrate-setmaxdowntime", "migrate-setspeed", "suspend")

EXEMPTIONS = (
    Exemption(("switchover", "switchover-answer"), "source", SWITCHOVER_QUERIES, 4,
              "the guest stands still in a switchover. A call that comes then is held back until it "
              "is over, for 2 s at most, so as not to add to the downtime; QEMU may keep it "
              "waiting beyond that, as unpatched"),
    Exemption(("snapshot-revert-memory",), "host", ("domjobabort",), 1,
              "the domain has been stopped, and there is nothing to go back to. Unpatched libvirt "
              "reports success, and does not abort"),
    Exemption(("snapshot-revert-memory",), "host", ("qemu-monitor-command",), None,
              "QEMU gets no command that libvirt does not know before the guest has arrived"),
)


def exemption_for(phase, host, call):
    for exemption in EXEMPTIONS:
        if phase in exemption.phases and host == exemption.host and call in exemption.calls:
            return exemption
    return None


def rank(result, stock):
    """How good a result is, beside @stock's: a number, less is better"""
    verdict = result["verdict"]
    if (verdict == stock["verdict"] == "answered"
            and result["seconds"] > stock["seconds"] * LATER_FACTOR + LATER_ADD
            and result["seconds"] > stock["seconds"] + LATER_LEAST):
        verdict = "later"
    return ORDER.index(verdict)


def say(result):
    """A result in a few words"""
    verdict, seconds = result["verdict"], result["seconds"]
    if verdict == "crash":
        return "crash"
    if verdict == "waits":
        return "waits"
    if seconds < AT_ONCE:
        return "yes" if verdict == "answered" else "no"
    return f"{'yes' if verdict == 'answered' else 'no'}, {seconds:.0f} s"


def compare(phase, stock, series):
    """Compares the results {host: {call: result}} of a phase. Returns what is worse
    and what is exempt, as lists of texts."""
    worse, exempt = [], []
    for host, calls in stock.items():
        for call, was in calls.items():
            now = series[host][call]
            text = (f"{call} on the {host}: {describe(now)}; stock: {describe(was)}")
            exemption = exemption_for(phase, host, call)
            if rank(now, was) > rank(was, was):
                if exemption and exemption.spares(now):
                    exempt.append(text)
                else:
                    worse.append(text)
    return worse, exempt


def describe(result):
    if result["verdict"] == "waits":
        return f"waits > {result['seconds']:.0f} s"
    text = f" ({result['text']})" if result["text"] else ""
    return f"{result['verdict']} after {result['seconds']:.2f} s{text}"


def tally(results):
    """How many of the results {host: {call: result}} are answered, refused and so on"""
    found = [result["verdict"] for calls in results.values() for result in calls.values()]
    return ", ".join(f"{found.count(word)} {word}" for word in ORDER if word in found)


# --- tables ------------------------------------------------------------------

def cell(was, now):
    """`stock / series`, or one word if they are of one kind"""
    if was is None or now is None:
        return "?"
    before, after = say(was), say(now)
    if was["verdict"] == now["verdict"] and rank(now, was) == rank(was, was):
        return after if "," not in after or before == after else f"{before} / {after}"
    text = f"{before} / {after}"
    return f"**{text}**" if rank(now, was) < rank(was, was) else text


def refusals(phases):
    """The different texts of refusals, with the calls that get them"""
    found = {}
    for name, builds in phases.items():
        for build, results in builds.items():
            for calls in (results or {}).values():
                for call, result in calls.items():
                    if result["verdict"] == "refused":
                        text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", result["text"])
                        text = re.sub(r"\bguest\d+\b", "NAME", text)
                        text = re.sub(r"\d{2,}", "N", text)
                        key = (text[:110], result["code"])
                        found.setdefault(key, {}).setdefault(build, set()).add((name, call))
    return found


def table(kind, host, phases):
    """Lines of a table of Markdown: a row for each group of calls that fare alike, a
    column for each phase. @phases: {name: {"stock": results, "series": results}}"""
    rows = {}
    calls = {}      # in their order
    for builds in phases.values():
        for results in builds.values():
            calls.update(dict.fromkeys((results or {}).get(host, {})))
    for call in calls:
        cells = tuple(
            cell(*((builds.get(build) or {}).get(host, {}).get(call)
                   for build in ("stock", "series"))) for builds in phases.values())
        rows.setdefault(cells, []).append(call)
    lines = [f"| {kind}, on the {host} | " + " | ".join(phases) + " |",
             "| --- |" + " --- |" * len(phases)]
    lines += [f"| {', '.join(names)} | " + " | ".join(cells) + " |"
              for cells, names in rows.items()]
    return lines


def hosts_of(found):
    """The hosts that calls were made on, in their order"""
    return list(dict.fromkeys(host for builds in found.values() for results in builds.values()
                              for host in results or {}))


LEGEND = """\
<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
# Which calls are answered during async jobs

Measured by `pytest -k availability` on two hosts, on unpatched libvirt and with the
series in the same run. Each cell tells how a call fared while the migration, or another
async job, was held in that phase:

- `yes`: answered, `no`: refused, or answered with fields missing; both within {at_once} s
  unless the time is told;
- `waits`: no answer within {limit} s ({switchover} s on the source in a switchover,
  {destroy} s for a destroy);
- `stock / series` if they differ; **bold** where the series does better;
- `crash`: the daemon died of it; `?`: not measured.

Calls in one row fared alike. The times in `availability.json` are of emulated
guests and say little by themselves.
"""


def document(kinds, limits, phase_texts, kind_texts, absent):
    """The document as lines. @kinds: {kind: {phase: {build: results or None}}}"""
    lines = LEGEND.format(at_once=AT_ONCE, **limits).splitlines()
    lines += ["", "## The phases", "", "| phase | the job | held by |", "| --- | --- | --- |"]
    lines += [f"| {name} | {text} | {means} |" for name, text, means in phase_texts]
    lines += ["", "## On purpose", "", "These may be worse than unpatched:", ""]
    lines += [f"- {', '.join(one.phases)}, on the {one.host}: {one.reason}"
              + ("" if one.limit is None else f". What is worse comes back within {one.limit} s")
              + f". The calls: {', '.join(one.calls)}." for one in EXEMPTIONS]
    for kind, found in kinds.items():
        lines += ["", f"## {kind}: {kind_texts[kind]}", ""]
        for host in hosts_of(found):
            lines += table(kind, host, found) + [""]
        lines += [f"There is no phase {name}: {reason}." for name, reason in absent[kind]]
    lines += ["", "## What the refusals say", "", "| error | code | stock | series |",
              "| --- | --- | --- | --- |"]
    said = {}
    for found in kinds.values():
        for key, builds in refusals(found).items():
            for build, calls in builds.items():
                said.setdefault(key, {}).setdefault(build, set()).update(calls)
    for (text, code), builds in sorted(said.items()):
        calls = [", ".join(sorted({call for _, call in builds.get(build, ())})) or "-"
                 for build in ("stock", "series")]
        lines.append(f"| {text.replace('|', '/')} | {code} | {calls[0]} | "
                     f"{calls[1] if calls[1] != calls[0] else 'the same'} |")
    return lines
