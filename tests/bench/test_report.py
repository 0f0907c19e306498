# SPDX-License-Identifier: LGPL-2.1-or-later
"""The report and the plots, of results that are made up."""

import os
import re
import shutil

from cases import check, equal
from harness import bench_plots, bench_report
from test_stats import migration, row

GROUP = ORDER = "bench"

HEADER = "intended_s,sent_s,latency_us,service_us,host,client,call,domain,outcome,code"


def made_up(folder):
    """Results with something of everything, and the timelines that belong to them"""
    os.mkdir(os.path.join(folder, "raw"))
    rows = [row(number / 10, 5 + number, host=host) for number in range(20) for host in "ab"]
    rows.append(row(0.5, 1, outcome="absent", host="b"))

    def sample(name, **settings):
        with open(os.path.join(folder, "raw", name + ".csv"), "w") as file:
            print(HEADER, file=file)
            for query in rows:
                print(*(query.get(field, "") for field in HEADER.split(",")), sep=",", file=file)
        return {**migration(**settings, source=5, destination=7), "name": name, "start_s": 0.1,
                "hosts": {"source": "a", "destination": "b"},
                "phases": [{"at_s": 0.2, "phase": "begin3", "end": "source"},
                           {"at_s": 0.3, "phase": "prepare", "end": "destination"},
                           {"at_s": 1.9, "phase": None, "end": "destination"}],
                "events": [{"at_s": 1.5, "event": "suspended", "end": "source"},
                           {"at_s": 1.6, "event": "resumed", "end": "destination"}]}

    found = {"format": 1, "settings": {"date": "today", "quick": True}, "complete": True,
             "seconds": 600, "notes": [], "migrations": [], "held": [], "jobs": []}
    for variant in ("stock", "series"):
        for part in ("no clients", "8 clients on both"):
            found["migrations"].append(sample(f"{variant}-{len(part)}", variant=variant,
                                              part=part))
        found["held"].append({**sample(f"{variant}-held", variant=variant, part="held migration"),
                              "hold_s": 40, "idle": migration("stock", source=3)["source"]})
        found["jobs"].append({"part": "save", "variant": variant, "error": None, "took_ms": 500,
                              "host": migration("stock", source=3)["source"]})
    return found


def written(folder, results):
    with open(bench_report.write(folder, results)) as file:
        return file.read()


def test_report_has_each_section(folder):
    text = written(folder, made_up(folder))
    equal(re.findall(r"^## (.*)$", text, re.MULTILINE),
          ["The goals", "Machine, versions, settings", "Plots", "Migrations",
           "Where the downtime goes", "Held migrations", "Save, dump, snapshot, backup"])
    equal(re.findall(r"^### (.*)$", text, re.MULTILINE), ["no clients", "8 clients on both"])
    plots = re.findall(r"!\[.*?\]\((.*?)\)", text)
    equal(plots, [f"plots/{name}.svg" for name in ("migration", "held", "downtime", "histogram")])
    for plot in plots:
        for path in (plot, plot[:-3] + "png"):
            check(os.path.getsize(os.path.join(folder, path)) > 2000, f"{path} is too small")
    with open(os.path.join(folder, "plots", "migration.svg")) as file:
        drawn = file.read()
    for words in ("begin3", "prepare", "end of the job", "stock, source", "series, destination"):
        check(words in drawn, f"the plot does not say {words}")
    check("Not all that was to be measured" not in text, "a complete run is called partial")
    for row_text in text.splitlines():
        if row_text.startswith("| slowest query on the dest"):
            check("**met**" in row_text and "scripts/bench --quick --only 'held migration'"
                  in row_text, row_text)


def test_report_tables_are_whole(folder):
    results = made_up(folder)
    results["jobs"][0]["error"] = "a | in the error"
    lines = written(folder, results).splitlines()
    tables = 0
    for above, line in zip(lines, lines[1:]):
        if line.startswith("|") and above.startswith("|"):
            equal(line.count("|"), above.count("|"), line)
        elif line.startswith("|"):
            tables += 1
    check(tables >= 7, f"{tables} tables")


def test_report_of_part_of_a_run(folder):
    results = made_up(folder)
    for part in (["migrations"], ["held"], ["jobs"], []):
        some = {**results, **{kind: results[kind] if kind in part else []
                              for kind in ("migrations", "held", "jobs")},
                "complete": False, "notes": ["out of time", "two\nlines"]}
        text = written(folder, some)
        check("Not all that was to be measured" in text, "it does not say that it is partial")
        check("- out of time" in text and "\n- two\n" in text, "notes are missing")
        check("not measured" in text, "goals without figures are not told")
    # with one variant only, and without the timelines
    shutil.rmtree(os.path.join(folder, "raw"))
    some = {**results, **{kind: results[kind][:1] for kind in ("migrations", "held", "jobs")}}
    check("## The goals" in written(folder, some), "no report of one variant")


def test_report_says_when_a_plot_fails(folder):
    results = made_up(folder)
    old, os.environ["PATH"] = os.environ["PATH"], os.path.join(folder, "bin")
    try:
        os.mkdir(os.path.join(folder, "bin"))
        path = os.path.join(folder, "bin", "gnuplot")
        with open(path, "w") as file:
            file.write("#!/bin/sh\necho broken\nexit 1\n")
        os.chmod(path, 0o755)
        text = written(folder, results)
    finally:
        os.environ["PATH"] = old
    check("could not be drawn: broken" in text, "a failed plot is not told")


def test_report_thins_out_what_is_too_much():
    few = [(number / 10, number) for number in range(30)]
    equal(bench_plots.thinned(few, 10, bins=10), few)
    many = [(number / 10, number % 10) for number in range(100)]
    many[55] = (5.5, 999)       # what stands out must stay
    many[33] = (3.3, -1)
    left = bench_plots.thinned(many, 10, bins=10)
    equal(len(left), 20)
    check((5.5, 999) in left and (3.3, -1) in left, f"the extremes are gone: {left}")
