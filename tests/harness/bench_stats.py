# SPDX-License-Identifier: LGPL-2.1-or-later
"""The arithmetic of scripts/bench: from queries to figures, from figures to verdicts.

All times are in milliseconds. None stands for what is not known.
"""

import dataclasses
import math
import statistics

from . import bench_plan

VARIANTS = ("stock", "series")

# Quick answers that are none: the host does not know the domain, or its state
# does not allow the call.
NO_ANSWER = ("absent", "refused")
TIMEOUT_CODE = 68       # VIR_ERR_OPERATION_TIMEOUT


def percentile(ordered, percent):
    """The smallest value of the sorted list that @percent of all do not exceed"""
    if not ordered:
        return None
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def during(rows, begin_s, end_s):
    """Those of the queries that were due, under way or waiting while something went on"""
    return [row for row in rows if float(row["intended_s"]) <= end_s
            and float(row["intended_s"]) + float(row["latency_us"]) / 1e6 >= begin_s]


def queries(rows, late_ms):
    """What the queries of one host come to; @rows: of virt-jobstorm's timeline. Latency
    counts from when a query was due; `slowest` from when it was sent, so that it is the
    host's time and not that of others in the same client's queue."""
    real = [row for row in rows if row["outcome"] not in NO_ANSWER]
    due = sorted(float(row["latency_us"]) / 1000 for row in real)
    sent = [float(row["service_us"]) / 1000 for row in real if row["service_us"]]
    return {
        "queries": len(rows), "answers": len(real),
        "p50": percentile(due, 50), "p99": percentile(due, 99), "p99.9": percentile(due, 99.9),
        "max": due[-1] if due else None, "slowest": max(sent, default=None),
        "timeouts": sum(int(row["code"]) == TIMEOUT_CODE for row in rows),
        "errors": sum(row["outcome"] == "error" for row in rows),
        "late": sum(latency >= late_ms for latency in due),
    }


# --- figures of a migration or job, by the name that the tables use ---

QUERY_FIGURES = ("p50", "p99", "p99.9", "max", "slowest")
# From the guest's stop to the phase perform3_done, to finish3, to the guest's start
DOWNTIME_PARTS = ("downtime, source sends the rest", "downtime, destination has yet to begin",
                  "downtime, destination starts the guest")


def downtime_parts(sample):
    """{name: value} of what the downtime consists of; what is not known is left out"""
    at = {(change["end"], change["phase"]): change["at_s"] for change in sample["phases"]}
    at.update({(event["end"], event["event"]): event["at_s"] for event in sample["events"]})
    times = [at.get(key) for key in (("source", "suspended"), ("source", "perform3_done"),
                                     ("destination", "finish3"), ("destination", "resumed"))]
    return {name: 1000 * (end - begin)
            for name, begin, end in zip(DOWNTIME_PARTS, times, times[1:])
            if begin is not None and end is not None}


def figures(sample):
    """{name: value} of what is compared of a migration; in ms unless the name says so"""
    found = {"downtime": sample["downtime_ms"], **downtime_parts(sample),
             "heartbeat silent": sample["silence_ms"], "total": sample["total_ms"]}
    for host in ("source", "destination"):
        part = sample[host]
        if part:
            found.update({f"{host}, {name}": part[name] for name in QUERY_FIGURES})
            found.update({f"{host}, {name} (number)": part[name]
                          for name in ("timeouts", "late", "errors")})
        found[f"{host}, CPU of the daemon"] = sample["cpu_ms"][host]
    return found


def pairs(samples, name):
    """(stock, series) of the figure @name, of the same round and way"""
    found = {}
    for sample in samples:
        if not sample["error"]:
            key = sample["round"], sample["direction"]
            found.setdefault(key, {})[sample["variant"]] = figures(sample).get(name)
    return [(pair["stock"], pair["series"]) for pair in found.values()
            if pair.get("stock") is not None and pair.get("series") is not None]


@dataclasses.dataclass(frozen=True)
class Ratio:
    """The median of some ratios, and their range"""

    median: float
    least: float
    most: float
    count: int

    def across(self, limit):
        """Whether the ratios lie on both sides of @limit"""
        return self.least < limit < self.most

    def text(self):
        if self.count == 1:
            return f"{self.median:.2f} (one pair)"
        noise = ", noise" if self.across(1) else ""
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f}{noise})"


def ratio(found):
    """The Ratio of second to first of the pairs, None if there is none. A pair
    with a first of 0 has no ratio."""
    ratios = [second / first for first, second in found if first and second is not None]
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


def number(value):
    """Three digits that tell something"""
    if value is None:
        return "-"
    for limit, digits in ((100, 0), (10, 1)):
        if abs(value) >= limit:
            return f"{value:.{digits}f}"
    return f"{value:.2f}" if value % 1 else f"{value:.0f}"


def spread(values):
    """The median, and the range in brackets"""
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    if len(values) == 1:
        return number(values[0])
    return (f"{number(statistics.median(values))} "
            f"({number(min(values))} to {number(max(values))})")


def histogram(values, per_decade=10):
    """[(lower end, upper end, count)] of logarithmic bins, the empty ones between others
    included; values below 0.01 count as that."""
    counts = {}
    for value in values:
        step = math.floor(math.log10(max(value, 0.01)) * per_decade)
        counts[step] = counts.get(step, 0) + 1
    if not counts:
        return []
    return [(10 ** (step / per_decade), 10 ** ((step + 1) / per_decade), counts.get(step, 0))
            for step in range(min(counts), max(counts) + 1)]


# --- the goals ---

SLOWEST = 100       # ms
RATIO = 1.1
IDLE_RATIO = 2


@dataclasses.dataclass(frozen=True)
class Goal:
    what: str
    found: dict         # text by variant
    goal: str
    verdict: str        # of the series
    only: tuple         # the parts that it needs, for --only


def verdict(value, limit, below=False, least=None, most=None):
    """Whether @value is at most @limit (with @below: less), and whether single pairs
    of values say otherwise"""
    if value is None:
        return "not measured"
    met = value < limit if below else value <= limit
    against = most is not None and most > limit if met else least is not None and least <= limit
    return ("met" if met else "missed") + (", single pairs say otherwise" if against else "")


def _slowest_goal(what, parts, only, limits, goal):
    """@parts: {variant: query figures of some runs}; the slowest of all runs counts.
    @limits: {variant: ms}."""
    found = {variant: max((part["slowest"] for part in parts[variant]
                           if part and part["slowest"] is not None), default=None)
             for variant in VARIANTS}
    text = {variant: "-" if value is None else f"{number(value)} ms"
            for variant, value in found.items()}
    return Goal(what, text, goal, verdict(found["series"], limits["series"], below=True), only)


def _clients_goal(what, samples, name, only):
    """What 8 clients cost: the figure @name over that of no client, turn by turn"""
    ratios, text = {}, {}
    for variant in VARIANTS:
        by_turn = {}
        for sample in samples:
            if sample["variant"] == variant and not sample["error"]:
                key = sample["round"], sample["direction"]
                by_turn.setdefault(key, {})[sample["part"]] = sample[name]
        found = ratio([(turn.get(bench_plan.NOBODY.name), turn.get(bench_plan.EIGHT.name))
                       for turn in by_turn.values()])
        ratios[variant] = found
        text[variant] = found.text() if found else "-"
    mine = ratios["series"]
    said = verdict(mine.median, RATIO, least=mine.least, most=mine.most) if mine \
        else verdict(None, RATIO)
    return Goal(what, text, f"at most {RATIO}", said, only)


def _arriving_goal(samples, name, only):
    """The downtime where the clients ask the host that the guest comes to, turn by turn"""
    samples = [sample for sample in samples if sample["part"] == name]
    text = {variant: "-" if ms == "-" else f"{ms} ms" for variant, ms in (
        (variant, spread(sample["downtime_ms"] for sample in samples
                         if sample["variant"] == variant and not sample["error"]))
        for variant in VARIANTS)}
    mine = ratio(pairs(samples, "downtime"))
    if mine:
        text["series"] += f", {mine.text()} times stock's"
    return Goal(f"downtime with {name}", text, "not above stock's",
                verdict(mine.median, 1, least=mine.least, most=mine.most) if mine
                else verdict(None, 1), only)


def goals(results):
    """The goals of the series and what became of them"""
    def held(name, variant):
        return [sample for sample in results["held"] if sample["part"] == name
                and sample["variant"] == variant and not sample["error"]]

    single = {variant: held(bench_plan.SINGLE, variant) for variant in VARIANTS}
    own = {variant: max((sample["idle"]["p50"] or 0 for sample in single[variant]), default=0)
           for variant in VARIANTS}
    hold = max((sample["hold_s"] for sample in results["held"]
                if sample["part"] == bench_plan.SINGLE), default=0)
    found = [_slowest_goal(
        f"slowest query on the destination, migration held {hold} s",
        {variant: [sample["destination"] for sample in single[variant]] for variant in VARIANTS},
        (bench_plan.SINGLE,), {variant: SLOWEST + own[variant] for variant in VARIANTS},
        f"under {SLOWEST} ms plus its own time (series: {number(own['series'])} ms)")]

    source = {variant: [sample["source"] for sample in results["migrations"]
                        if sample["part"] == bench_plan.ONE_SOURCE.name
                        and sample["variant"] == variant and not sample["error"]]
              for variant in VARIANTS}
    found.append(_slowest_goal(
        "slowest query on the source over a whole migration, 1 client", source,
        (bench_plan.ONE_SOURCE.name,), dict.fromkeys(VARIANTS, SLOWEST), f"under {SLOWEST} ms"))

    both = bench_plan.NOBODY.name, bench_plan.EIGHT.name
    for what, name in (("downtime with 8 clients over downtime with none", "downtime_ms"),
                       ("total migration time, 8 clients over none", "total_ms")):
        found.append(_clients_goal(what, results["migrations"], name, both))
    found.append(_arriving_goal(results["migrations"], bench_plan.EIGHT_ARRIVING.name,
                                (bench_plan.EIGHT_ARRIVING.name,)))

    ratios, text = {}, {}
    for variant in VARIANTS:
        mine = ratio([(sample["idle"]["slowest"], (sample["destination"] or {}).get("slowest"))
                      for sample in held(bench_plan.AMONG, variant)])
        ratios[variant] = mine.most if mine else None
        slowest = max((sample["destination"]["slowest"] or 0
                       for sample in held(bench_plan.AMONG, variant)
                       if sample["destination"]), default=None)
        text[variant] = f"{number(slowest)} ms, {mine.most:.1f} times idle" if mine else "-"
    found.append(Goal("slowest host-wide stats with one arriving guest among 20", text,
                      f"at most {IDLE_RATIO} times the slowest while idle",
                      verdict(ratios["series"], IDLE_RATIO), (bench_plan.AMONG,)))
    return found
