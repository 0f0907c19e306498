# SPDX-License-Identifier: LGPL-2.1-or-later
"""The arithmetic of the benchmark, and its plan."""

from cases import check, equal
from harness import bench_phases, bench_plan, bench_stats
from harness.bench_stats import histogram, number, percentile, ratio, spread, verdict

GROUP = ORDER = "bench"


def row(due_s=0, latency_ms=1, sent=True, outcome="ok", code=0, service_ms=None, host="a"):
    """A line of virt-jobstorm's timeline"""
    service = "" if not sent else str(1000 * (latency_ms if service_ms is None else service_ms))
    return {"intended_s": str(due_s), "sent_s": str(due_s) if sent else "",
            "latency_us": str(1000 * latency_ms), "service_us": service, "host": host,
            "outcome": outcome, "code": str(code)}


def migration(variant, part="no clients", number=0, direction="there", error=None, downtime=20,
              total=2000, source=None, destination=None):
    def queries(slowest):
        return None if slowest is None else bench_stats.queries([row(latency_ms=slowest)], 30000)
    return {"part": part, "variant": variant, "round": number, "direction": direction,
            "error": error, "downtime_ms": downtime, "silence_ms": None, "total_ms": total,
            "source": queries(source), "destination": queries(destination),
            "phases": [], "events": [], "cpu_ms": {"source": 10, "destination": 0}}


def results(migrations=(), held=()):
    return {"migrations": list(migrations), "held": list(held), "jobs": []}


def goal(found, words):
    mine = [entry for entry in bench_stats.goals(found) if words in entry.what]
    equal(len(mine), 1, words)
    return mine[0]


def test_stats_percentiles():
    hundred = list(range(1, 101))
    for ordered, percent, wanted in (
            ([], 50, None), ([7], 50, 7), ([7], 99.9, 7), ([1, 2], 50, 1), ([1, 2], 51, 2),
            ([1, 2, 3], 50, 2), (hundred, 50, 50), (hundred, 99, 99), (hundred, 99.9, 100),
            (hundred, 100, 100), (hundred, 0, 1), (list(range(1, 1001)), 99.9, 999)):
        equal(percentile(ordered, percent), wanted, f"{percent} of {len(ordered)}")


def test_stats_ratios():
    for pairs, wanted in (
            ([], None), ([(0, 5)], None), ([(None, 5)], None), ([(5, None)], None),
            ([(2, 1)], (0.5, 0.5, 0.5, 1)),
            ([(1, 1), (1, 2), (1, 9)], (2, 1, 9, 3)),
            ([(1, 1), (1, 2)], (1.5, 1, 2, 2)),
            ([(0, 7), (4, 2)], (0.5, 0.5, 0.5, 1)),
            ([(4, 0), (4, 4)], (0.5, 0, 1, 2))):
        found = ratio(pairs)
        equal(found and (found.median, found.least, found.most, found.count), wanted, str(pairs))


def test_stats_noise_is_said():
    for pairs, wanted in (
            ([(2, 1)], "0.50 (one pair)"),
            ([(1, 2), (1, 3)], "2.50 (2.00 to 3.00)"),
            ([(1, 0.5), (1, 3)], "1.75 (0.50 to 3.00, noise)"),
            ([(1, 1), (1, 3)], "2.00 (1.00 to 3.00)"),
            ([(1, 0.2), (1, 0.9)], "0.55 (0.20 to 0.90)")):
        equal(ratio(pairs).text(), wanted)


def test_stats_spread_and_numbers():
    for value, wanted in ((None, "-"), (0, "0"), (3, "3"), (0.123, "0.12"), (9.996, "10.00"),
                          (12.34, "12.3"), (99.96, "100.0"), (123.4, "123"), (30000, "30000")):
        equal(number(value), wanted)
    for values, wanted in (([], "-"), ([None], "-"), ([4], "4"), ([None, 4], "4"),
                           ([3, 1, 2], "2 (1 to 3)"), ([1, 2], "1.50 (1 to 2)")):
        equal(spread(values), wanted)


def test_stats_histogram():
    equal(histogram([]), [])
    bins = histogram([1, 1.1, 10, 0.0001])
    equal(sum(count for _, _, count in bins), 4, "values in all bins")
    counted = {round(low, 4): count for low, _, count in bins if count}
    equal(counted, {0.01: 1, 1.0: 2, 10.0: 1})
    for (_, high, _), (low, _, _) in zip(bins, bins[1:]):
        check(abs(high - low) < 1e-9, "bins do not join")
    # An edge belongs to the bin above it.
    for edge in range(-2, 6):
        low, high, _ = histogram([10.0 ** edge])[0]
        check(low <= 10.0 ** edge * (1 + 1e-9) < high, f"10^{edge} is in {low} to {high}")


def test_stats_verdicts():
    for args, wanted in (
            ({"value": None, "limit": 1}, "not measured"),
            ({"value": 1.1, "limit": 1.1}, "met"),
            ({"value": 1.11, "limit": 1.1}, "missed"),
            ({"value": 100, "limit": 100, "below": True}, "missed"),
            ({"value": 99.9, "limit": 100, "below": True}, "met"),
            ({"value": 1.0, "limit": 1.1, "least": 0.9, "most": 1.2},
             "met, single pairs say otherwise"),
            ({"value": 1.0, "limit": 1.1, "least": 0.9, "most": 1.1}, "met"),
            ({"value": 1.2, "limit": 1.1, "least": 1.0, "most": 1.3},
             "missed, single pairs say otherwise"),
            ({"value": 1.2, "limit": 1.1, "least": 1.15, "most": 1.3}, "missed")):
        equal(verdict(**args), wanted, str(args))


def test_stats_queries():
    found = bench_stats.queries(
        [row(latency_ms=10), row(latency_ms=30), row(latency_ms=20, service_ms=5),
         row(latency_ms=40000, service_ms=30000, outcome="error", code=68),
         row(latency_ms=9000, sent=False, outcome="outstanding"),
         row(latency_ms=0.1, outcome="absent"), row(latency_ms=0.1, outcome="refused", code=55)],
        late_ms=30000)
    equal(found, {"queries": 7, "answers": 5, "p50": 30, "p99": 40000, "p99.9": 40000,
                  "max": 40000, "slowest": 30000, "timeouts": 1, "errors": 1, "late": 1})
    equal(bench_stats.queries([], 1)["max"], None)
    equal(bench_stats.queries([row(outcome="absent")], 1)["slowest"], None)


def test_stats_queries_of_a_time():
    rows = [row(0.5, 100), row(0.5, 600), row(1.5, 1), row(2, 1), row(2.1, 1)]
    equal(bench_stats.during(rows, 1, 2), rows[1:4])


def test_stats_pairs_are_of_one_turn():
    samples = [migration("stock", number=0, downtime=10), migration("series", number=0,
                                                                     downtime=20),
               migration("stock", number=0, direction="back", downtime=30),
               migration("series", number=1, direction="back", downtime=40),
               migration("stock", number=2, downtime=50),
               migration("series", number=2, downtime=60, error="failed"),
               migration("stock", number=3, downtime=70),
               migration("series", number=3, downtime=None)]
    equal(bench_stats.pairs(samples, "downtime"), [(10, 20)])
    equal(bench_stats.pairs(samples, "source, p50"), [])


def test_stats_goal_of_clients():
    def samples(stock, series):
        found = []
        for variant, pairs in (("stock", stock), ("series", series)):
            for turn, (none, eight) in enumerate(pairs):
                found += [migration(variant, "no clients", turn, downtime=none, total=1000),
                          migration(variant, "8 clients on both", turn, downtime=eight,
                                    total=1050)]
        return results(found)
    found = samples([(10, 20), (10, 60)], [(10, 11), (20, 21)])
    mine = goal(found, "clients over downtime")
    equal(mine.verdict, "met")
    equal(mine.found, {"stock": "4.00 (2.00 to 6.00)", "series": "1.08 (1.05 to 1.10)"})
    equal(mine.only, ("no clients", "8 clients on both"))
    equal(goal(found, "total migration").verdict, "met")
    equal(goal(samples([], [(10, 12), (10, 13)]), "clients over downtime").verdict, "missed")
    equal(goal(samples([(10, 10)], []), "clients over downtime").verdict, "not measured")
    # Turns do not mix: 10 in turn 0 is never compared with turn 1.
    mixed = results([migration("series", "no clients", 0, downtime=10),
                     migration("series", "8 clients on both", 1, downtime=100)])
    equal(goal(mixed, "clients over downtime").verdict, "not measured")


def test_stats_goal_of_the_destination():
    part = "8 clients on destination"
    for pairs, wanted, text in (
            ([(10, 10), (20, 20)], "met", "15.0 (10.0 to 20.0) ms, 1.00 (1.00 to 1.00) times stock's"),
            ([(10, 9), (20, 24), (20, 10)], "met, single pairs say otherwise",
             "10.0 (9 to 24.0) ms, 0.90 (0.50 to 1.20, noise) times stock's"),
            ([(10, 11), (20, 24)], "missed", "17.5 (11.0 to 24.0) ms, 1.15 (1.10 to 1.20) times "
             "stock's"),
            ([], "not measured", "-")):
        mine = goal(results(
            [migration(variant, part, turn, downtime=value)
             for turn, pair in enumerate(pairs)
             for variant, value in zip(("stock", "series"), pair)]
            + [migration("series", "8 clients on both", downtime=900)]), part)
        equal(mine.verdict, wanted)
        equal(mine.found["series"], text)
        equal(mine.only, (part,))


def test_stats_goal_of_the_source():
    part = "1 client on source"
    for slowest, error, wanted in (([99, 50], None, "met"), ([99, 100], None, "missed"),
                                   ([99, 5000], "failed", "met"), ([], None, "not measured")):
        samples = [migration("series", part, turn, source=value,
                             error=error if value > 100 else None)
                   for turn, value in enumerate(slowest)]
        samples.append(migration("stock", part, source=2000))
        mine = goal(results(samples), "on the source")
        equal(mine.verdict, wanted, str(slowest))
        equal(mine.found["stock"], "2000 ms")


def test_stats_goals_of_held_migrations():
    def held(variant, part, slowest, idle):
        return {**migration(variant, part, destination=slowest), "hold_s": 180,
                "idle": bench_stats.queries([row(latency_ms=idle)], 30000)}
    single, among = bench_plan.SINGLE, bench_plan.AMONG
    for slowest, idle, wanted in ((103, 4, "met"), (104, 4, "missed"), (99, 0, "met")):
        found = results(held=[held("stock", single, 34000, 2), held("series", single, slowest,
                                                                    idle)])
        mine = goal(found, "on the destination")
        equal(mine.verdict, wanted)
        check("180 s" in mine.what, mine.what)
        equal(mine.found["stock"], "34000 ms")
    for slowest, idle, wanted in ((200, 100, "met"), (201, 100, "missed")):
        found = results(held=[held("series", among, slowest, idle)])
        mine = goal(found, "host-wide")
        equal(mine.verdict, wanted)
        equal(mine.found["stock"], "-")
    # The worst of several runs counts, not the median.
    found = results(held=[held("series", among, 100, 100), held("series", among, 300, 100),
                          held("series", among, 100, 100)])
    equal(goal(found, "host-wide").verdict, "missed")
    equal(goal(results(), "host-wide").verdict, "not measured")


def test_plan_has_all_that_was_asked_for():
    names = [part.name for part in bench_plan.parts(False)]
    equal(len(names), len(set(names)), "names that are there once")
    for p2p in ("", ", peer-to-peer"):
        for storage in ("", ", copied storage"):
            check(f"no clients{p2p}{storage}" in names, f"no clients{p2p}{storage}")
            for clients in ("1 client", "8 clients", "32 clients"):
                for where in ("source", "destination", "both"):
                    name = f"{clients} on {where}{p2p}{storage}"
                    check(name in names, name)
        for wide in ("1 domain", "20 domains"):
            name = f"8 clients on both, statistics of all of {wide}{p2p}"
            check(name in names, name)
    for name in ("held migration", "arriving among 20 domains", *bench_plan.JOBS,
                 "8 clients on both, statistics of all of 20 domains, NOWAIT"):
        check(name in names, name)
    equal([part.hold for part in bench_plan.parts(False) if part.name == "held migration"], [180])


def test_stats_parts_of_the_downtime():
    sample = migration("series", downtime=31)
    equal(bench_stats.downtime_parts(sample), {})
    check("downtime" in bench_stats.figures(sample), "the downtime is gone")
    sample["events"] = [{"end": "source", "event": "suspended", "at_s": 1.0},
                        {"end": "source", "event": "resumed", "at_s": 0.0},
                        {"end": "destination", "event": "resumed", "at_s": 1.031}]
    sample["phases"] = [{"end": "destination", "phase": "finish3", "at_s": 1.025},
                        {"end": "source", "phase": "finish3", "at_s": 9.0}]
    parts = {name: round(value, 3) for name, value in bench_stats.downtime_parts(sample).items()}
    equal(parts, {bench_stats.DOWNTIME_PARTS[2]: 6})
    sample["phases"].append({"end": "source", "phase": "perform3_done", "at_s": 1.02})
    parts = [round(bench_stats.figures(sample)[name], 3) for name in bench_stats.DOWNTIME_PARTS]
    equal(parts, [20, 5, 6])


def test_plan_only():
    found = bench_plan.parts(False)

    def names(*only):
        return [part.name for part in bench_plan.choose(found, only)]
    equal(names("8 clients on both"), ["8 clients on both"])    # exact before part
    equal(names("save", "no clients"), ["no clients", "save"])  # in the plan's order
    check(len(names("peer-to-peer")) > 10, "a part of the name")
    equal(len(names()), len(found))
    try:
        names("save", "nothing so called")
    except ValueError as error:
        check("nothing so called" in str(error), str(error))
    else:
        check(False, "a name that is not there was taken")


def test_plan_turns():
    for quick in (False, True):
        turns = bench_plan.turns(bench_plan.parts(quick), 2, quick)
        equal(len(turns), len(set(turns)), "turns that are there once")
        by_part = {}
        for part, turn in turns:
            by_part.setdefault(part.name, []).append(turn)
        equal(set(by_part), {part.name for part in bench_plan.parts(quick)})
        equal(by_part["no clients"], [0, 1, 2, 3])
        equal(by_part["held migration"], [0])
        if not quick:
            equal(by_part["8 clients on source"], [0, 1])
            equal(by_part["8 clients on both, asking another domain"], [0, 1, 2, 3])
        # with one turn less, but not without any
        equal(by_part["8 clients on both, peer-to-peer"], [0])
        for rounds in (1, 3):
            found = [turn for part, turn in
                     bench_plan.turns(bench_plan.parts(quick), rounds, quick)
                     if part.name == "8 clients on both, peer-to-peer"]
            equal(found, [0, 1] if rounds == 3 and not quick else [0])


def test_phases_of_status_files():
    for text, wanted in (
            ("<domstatus><job type='none' async='migration out' phase='perform3' flags='0x0'>",
             "perform3"),
            ("<job type='query' async='none'/>", None), ("<job async='x' phase='none'/>", None),
            ("<jobs phase='perform3'/>", None), ("", None)):
        equal(bench_phases.phase_of(text), wanted, text)
