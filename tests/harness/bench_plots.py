# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plots of scripts/bench, by gnuplot, as SVG and PNG."""

import csv
import os
import statistics
import subprocess

from . import bench_plan, bench_stats

VARIANTS = bench_stats.VARIANTS
ENDS = ("source", "destination")
COLOURS = {"stock": "#d95f02", "series": "#1b6ca8"}
LEAST = 0.1     # ms; where the logarithmic scales begin


def gnuplot(out, name, size, commands):
    """Draws plots/NAME.svg and .png. Returns Markdown for it."""
    folder = os.path.join(out, "plots")
    os.makedirs(folder, exist_ok=True)
    for terminal, ending in (("svg background 'white' font 'sans,12'", "svg"),
                             ("pngcairo font 'sans,10'", "png")):
        script = (f"set terminal {terminal} size {size}\n"
                  f"set output '{os.path.join(folder, name)}.{ending}'\n" + commands)
        done = subprocess.run(["gnuplot"], input=script, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            return f"\nThe plot `{name}` could not be drawn: {done.stdout.strip()[-300:]}\n"
    return f"\n![{name}](plots/{name}.svg)\n"


def data_block(name, rows):
    lines = "\n".join(" ".join(f"{value:.6g}" for value in row) for row in rows)
    return f"${name} << EOD\n{lines}\nEOD\n"


def timeline(out, sample):
    """The queries of a sample; none if its files are gone"""
    try:
        with open(os.path.join(out, "raw", sample["name"] + ".csv"), newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def thinned(points, last, bins=200):
    """The quickest and the slowest of each of many moments, if there are too many points
    for a plot of a reasonable size"""
    if len(points) <= 3 * bins:
        return points
    moments = {}
    for point in points:
        moments.setdefault(int(bins * point[0] / last), []).append(point)
    return sorted({extreme(found, key=lambda point: point[1])
                   for found in moments.values() for extreme in (min, max)})


def marks(sample, end, width):
    """gnuplot's commands for the phases that a host enters, and for the switchover;
    @width: seconds for which a name needs the room"""
    text = ""
    stopped = [event["at_s"] for event in sample["events"]
               if event["end"] == "source" and event["event"] == "suspended"]
    resumed = [event["at_s"] for event in sample["events"]
               if event["end"] == "destination" and event["event"] == "resumed"]
    if stopped and resumed:
        text += (f"set object rectangle from {stopped[0]:.3f}, graph 0 to "
                 f"{max(resumed[-1], stopped[0]):.3f}, graph 1 fc '#cccccc' fs solid border "
                 "lc '#cccccc' behind\n")
    groups = []     # of phases that follow each other too closely for a name each
    for phase in sample["phases"]:
        if phase["end"] != end:
            continue
        at = max(phase["at_s"], 0)
        text += f"set arrow from {at:.3f}, graph 0 rto 0, graph 1 nohead dt 2 lc '#777777'\n"
        name = phase["phase"] or "end of the job"
        if groups and at - groups[-1][0] < width:
            groups[-1][1].append(name)
        else:
            groups.append((at, [name]))
    for at, names in groups:
        text += (f"set label '{', '.join(names)}' at {at:.3f}, graph 0.98 rotate by -90 "
                 "offset 0.7,0 font ',9' left noenhanced front\n")
    return text


def migration(out, results, part, name):
    """Latency over time through the first migration of @part that both variants have,
    on each host, stock above the series, all with the same scales"""
    samples = [sample for kind in ("migrations", "held") for sample in results[kind]
               if sample["part"] == part and not sample["error"]]
    chosen = {}
    for sample in samples:
        chosen.setdefault(sample["variant"], sample)
    if len(chosen) < 2:
        return ""
    last = 1.05 * max(sample["start_s"] + sample["total_ms"] / 1000
                      for sample in chosen.values())
    blocks, panels, slowest = "", "", 1
    for variant in VARIANTS:
        sample = chosen[variant]
        rows = timeline(out, sample)
        for end in ENDS:
            points = {"answered": [], "none": []}
            for row in rows:
                point = float(row["intended_s"]), float(row["latency_us"]) / 1000
                if row["host"] == sample["hosts"][end] and point[0] <= last:
                    points["answered" if row["outcome"] in ("ok", "off") else "none"].append(point)
                    slowest = max(slowest, point[1])
            for kind, found in points.items():
                blocks += data_block(f"{variant}_{end}_{kind}",
                                     thinned(found, last) or [(-last, LEAST)])
            panels += (
                "unset arrow\nunset label\nunset object\n" + marks(sample, end, last / 30)
                + f"set title '{variant}, {end}' offset 0,-0.5\n"
                f"plot ${variant}_{end}_answered with points pt 7 ps 0.4 lc "
                f"'{COLOURS[variant]}' title 'answered', "
                f"${variant}_{end}_none with points pt 2 ps 0.5 lc 'black' title 'no answer'\n")
    return (f"\nQueries through one migration of either ({part}), by when they were due. Dashed "
            "lines: the phases that the host enters; grey: from the source's event that the "
            "guest is stopped to the destination's that it runs; *no answer*: the host did not "
            "know the domain, or failed. Where there are too many dots, those of the quickest "
            "and the slowest query of each moment are left.\n" + gnuplot(
                out, name, "1200,800",
                blocks + "set multiplot layout 2,2\nset logscale y\nset grid y\n"
                f"set xrange [{-0.03 * last:.2f}:{last:.2f}]\n"
                f"set yrange [{LEAST}:{slowest * 3:.1f}]\n"
                "set key outside below center horizontal\nset xlabel 'due, s' offset 0,0.5\n"
                "set ylabel 'latency, ms'\n" + panels + "unset multiplot\n"))


def downtime(out, results):
    """Downtime by the number of clients on both hosts, of migrations that are else alike"""
    counts = [0, 1, 8, 32]
    blocks, plots = "", []
    for variant in VARIANTS:
        rows = []
        for count in counts:
            values = [sample["downtime_ms"] for sample in results["migrations"]
                      if sample["variant"] == variant and not sample["error"]
                      and sample["downtime_ms"] is not None
                      and sample["part"] == bench_plan.Migration(count).name]
            if values:
                shift = 0.05 if variant == "series" else -0.05
                rows.append((counts.index(count) + shift, statistics.median(values),
                             min(values), max(values)))
        if rows:
            blocks += data_block(variant, rows)
            plots.append(f"${variant} with yerrorlines pt 7 lw 1.5 lc '{COLOURS[variant]}' "
                         f"title '{variant}'")
    if not plots:
        return ""
    tics = ", ".join(f"'{count}' {place}" for place, count in enumerate(counts))
    return ("\nDowntime by the number of clients on each of both hosts (direct, memory only): "
            "median and range.\n" + gnuplot(
                out, "downtime", "800,500",
                blocks + "set grid y\nset yrange [0:*]\nset xrange [-0.5:3.5]\n"
                f"set xtics ({tics})\nset key top left\n"
                "set xlabel 'clients on each host'\nset ylabel 'downtime, ms'\n"
                "plot " + ", ".join(plots) + "\n"))


def in_both(samples):
    """The samples that both variants have of the same part, round and way"""
    def key(sample):
        return sample["part"], sample["round"], sample["direction"]
    good = [sample for sample in samples if not sample["error"]]
    keys = [{key(sample) for sample in good if sample["variant"] == variant}
            for variant in VARIANTS]
    return [sample for sample in good if key(sample) in keys[0] & keys[1]]


def histograms(out, results):
    """How long the queries took, over all migrations, by host"""
    found = {(end, variant): [] for end in ENDS for variant in VARIANTS}
    for sample in in_both(results["migrations"]):
        if not (sample["source"] or sample["destination"]):
            continue
        begin = sample["start_s"]
        for row in bench_stats.during(timeline(out, sample), begin,
                                      begin + sample["total_ms"] / 1000):
            end = "source" if row["host"] == sample["hosts"]["source"] else "destination"
            if row["outcome"] not in bench_stats.NO_ANSWER:
                found[end, sample["variant"]].append(float(row["latency_us"]) / 1000)
    blocks, panels = "", ""
    for end in ENDS:
        plots = []
        for variant in VARIANTS:
            values = found[end, variant]
            if not values:
                continue
            bins = bench_stats.histogram(values)
            rows = [(low, 100 * count / len(values)) for low, _, count in bins]
            rows = [(bins[0][0], 0), *rows, (bins[-1][1], 0)]
            blocks += data_block(f"{end}_{variant}",
                                 [(low, max(share, 1e-4)) for low, share in rows])
            plots.append(f"${end}_{variant} with steps lw 1.8 lc '{COLOURS[variant]}' "
                         f"title '{variant} ({len(values)} queries)'")
        if plots:
            panels += f"set title '{end}'\nplot " + ", ".join(plots) + "\n"
    if not panels:
        return ""
    return ("\nHow many of the queries took how long, over all migrations that both variants "
            "made; ten bins to a decade, without those that were no answer.\n" + gnuplot(
                out, "histogram", "1200,500",
                blocks + "set multiplot layout 1,2\nset logscale xy\nset grid\nset key top right\n"
                "set yrange [0.005:100]\nset xlabel 'latency, ms'\nset ylabel 'queries, %'\n"
                + panels + "unset multiplot\n"))
