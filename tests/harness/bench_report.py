# SPDX-License-Identifier: LGPL-2.1-or-later
"""The report of scripts/bench: Markdown, and plots by gnuplot."""

import csv
import json
import os
import statistics
import subprocess

VARIANTS = ("stock", "series")
TITLES = {"stock": "stock", "series": "series"}

# Outcomes of queries that were answered
ANSWERED = ("ok", "off")

HEAD = """<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
# Stock libvirt and the series, side by side

Both take turns on the same two hosts with the same running guest, round by round. Each
client sends 10 queries a second (1, if they are about all 20 domains of a host) over a
connection of its own, at fixed times: latency counts from when a query was due, so a
stall counts for every query due in it. Times are medians over all migrations of a
configuration; in brackets the range. A ratio is series / stock, pair by pair: below 1 the
series is faster.

**How far to trust it.** The guest is emulated (TCG) and shares the processors with the
hosts' daemons, QEMU on either side, and the clients. Where the ratios of the rounds lie
on both sides of 1, what there is of an effect is less than this noise, and the table says
`noise`; where they do not, a few pairs can still lie on one side by chance. Total time
depends above all on how much the guest writes meanwhile.
"""


def median_range(values, unit=""):
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.1f}{unit}"
    return (f"{statistics.median(values):.1f}{unit} "
            f"({min(values):.1f} to {max(values):.1f})")


def ratio(pairs):
    """Ratio of the pairs (stock, series), its range, and whether it is noise"""
    ratios = [ours / stock for stock, ours in pairs if stock and ours is not None]
    if not ratios:
        return "-"
    middle = statistics.median(ratios)
    if len(ratios) == 1:
        return f"{middle:.2f} (one pair)"
    noise = ", noise" if min(ratios) < 1 < max(ratios) else ""
    return f"{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f}{noise})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def latency(part, field):
    """Milliseconds of a percentile of the answered queries, None if there is none"""
    if not part or not part["answered_latency"]["count"]:
        return None
    return part["answered_latency"][field] / 1000


def measures(sample):
    """All that is compared of a sample, by its name in the table"""
    found = {"downtime, ms": sample["downtime_ms"],
             "heartbeat silent, ms": sample["silence_ms"],
             "total, ms": sample["total_ms"]}
    for host in ("source", "destination"):
        part = sample[host]
        for name, field in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p99_9_us"),
                            ("max", "max_us")):
            found[f"{host}: {name}, ms"] = latency(part, field)
        if part:
            found[f"{host}: timeouts"] = part["timeouts"] + part["late"]
            found[f"{host}: errors"] = part["outcomes"]["error"] + part["outcomes"]["wrong"]
            found[f"{host}: outstanding"] = part["outcomes"]["outstanding"]
        found[f"{host}: CPU of the daemon, s"] = sample["cpu_s"][host]
    return found


def by_pair(samples, config, name):
    """[(stock, series)] of a measure; migrations of the same round and direction"""
    found = {}
    for sample in samples:
        if sample["config"] == config and not sample["error"]:
            key = (sample["round"], sample["direction"])
            found.setdefault(key, {})[sample["variant"]] = measures(sample).get(name)
    return [(pair["stock"], pair["series"]) for pair in found.values()
            if pair.get("stock") is not None and pair.get("series") is not None]


def config_section(samples, config):
    mine = [sample for sample in samples if sample["config"] == config]
    # without those that are 0 or unknown throughout
    names = list(dict.fromkeys(name for sample in mine for name, value
                               in measures(sample).items() if value))
    rows = []
    for name in names:
        values = {variant: [measures(sample).get(name) for sample in mine
                            if sample["variant"] == variant and not sample["error"]]
                  for variant in VARIANTS}
        rows.append([name, *(median_range(values[variant]) for variant in VARIANTS),
                     ratio(by_pair(samples, config, name))])
    text = f"\n### {config.name}\n\n" + table(["", "stock", "series", "ratio"], rows)
    for sample in mine:
        if sample["error"]:
            text += f"\nA migration of {sample['variant']} failed: {sample['error']}\n"
    return text


def jobs_section(jobs):
    rows = []
    for kind in dict.fromkeys(job["kind"] for job in jobs):
        for variant in VARIANTS:
            mine = [job for job in jobs if job["kind"] == kind and job["variant"] == variant]
            good = [job for job in mine if not job["error"]]
            rows.append([kind, TITLES[variant], median_range([job["took_ms"] for job in good]),
                         *(median_range([latency(job["queries"], field) for job in good])
                           for field in ("p50_us", "p99_us", "p99_9_us", "max_us")),
                         str(sum(job["queries"]["timeouts"] + job["queries"]["late"]
                                 for job in mine)),
                         "; ".join(job["error"] for job in mine if job["error"]) or "-"])
    return ("\n## Save, dump, snapshot, backup\n\n8 clients on the host while each runs, and half "
            "a second before. Times in ms.\n\n"
            + table(["job", "", "took", "p50", "p99", "p99.9", "max", "timeouts", "failed"], rows))


# --- plots ---

def gnuplot(out, name, size, commands):
    """Draws plots/NAME.svg and .png. Returns Markdown for it."""
    folder = os.path.join(out, "plots")
    os.makedirs(folder, exist_ok=True)
    for terminal, ending in (("svg dynamic background 'white'", "svg"), ("pngcairo", "png")):
        script = (f"set terminal {terminal} size {size}\n"
                  f"set output '{os.path.join(folder, name)}.{ending}'\n" + commands)
        subprocess.run(["gnuplot"], input=script, text=True, check=True)
    return f"\n![{name}](plots/{name}.svg)\n"


def data_block(name, rows):
    lines = "\n".join(" ".join(f"{value:.6g}" for value in row) for row in rows)
    return f"${name} << EOD\n{lines}\nEOD\n"


def read(out, name):
    base = os.path.join(out, "raw", name)
    with open(base + ".json") as file:
        result = json.load(file)
    with open(base + ".csv", newline="") as file:
        return result, list(csv.DictReader(file))


def plot_migration(out, samples):
    """Latency over time through the first migration that has clients on both hosts,
    stock above the series, with the same scales."""
    chosen = {}
    for sample in samples:
        if sample["config"].where == "both" and sample["config"].clients >= 8 \
                and not sample["error"] and not sample["config"].storage:
            chosen.setdefault(sample["variant"], sample)
    if len(chosen) < 2:
        return "\nNo migration with clients on both hosts was measured with either variant.\n"
    blocks, panels, end, slowest = "", "", 0, 1
    for variant in VARIANTS:
        result, rows = read(out, chosen[variant]["name"])
        row = result["rounds"][0]
        for host in ("source", "destination"):
            points = [(float(r["intended_s"]), float(r["latency_us"]) / 1000) for r in rows
                      if r["host"] == row[host] and r["outcome"] in ANSWERED]
            end = max([end] + [when for when, _ in points])
            slowest = max([slowest] + [height for _, height in points])
            blocks += data_block(f"{variant}_{host}", points or [(0, 0.1)])
        marks = ""
        for event in row["events"]:
            marks += (f"set arrow from {event['at_ms'] / 1000:.3f}, graph 0 rto 0, graph 1 "
                      f"nohead dt 2 lc 'gray40'\n"
                      f"set label '{event['host']}: {event['event']}' at "
                      f"{event['at_ms'] / 1000:.3f}, graph 0.98 rotate by -90 font ',8' left\n")
        panels += (f"unset arrow\nunset label\n{marks}set title '{TITLES[variant]}'\n"
                   f"plot ${variant}_source with points pt 7 ps 0.4 title 'source', "
                   f"${variant}_destination with points pt 7 ps 0.4 title 'destination'\n")
    name = chosen["stock"]["config"].name
    return (f"\nQueries through one migration of either ({name}), by when they were due; the "
            "lines are events.\n" + gnuplot(
                out, "migration", "1000,800",
                blocks + "set multiplot layout 2,1\nset logscale y\nset grid\n"
                "set key outside right top\n"
                f"set xrange [0:{end:.2f}]\nset yrange [0.1:{slowest * 2:.1f}]\n"
                "set xlabel 'due, s'\nset ylabel 'latency, ms'\n" + panels
                + "unset multiplot\n"))


def plot_downtime(out, samples):
    """Downtime by the number of clients, of migrations that are else alike"""
    blocks, plots = "", []
    for variant in VARIANTS:
        rows = []
        for clients in sorted({sample["config"].clients for sample in samples}):
            values = [sample["downtime_ms"] for sample in samples
                      if sample["variant"] == variant and sample["downtime_ms"] is not None
                      and sample["config"] == type(sample["config"])(clients)]
            if values:
                rows.append((clients, statistics.median(values), min(values), max(values)))
        if rows:
            blocks += data_block(variant, rows)
            shift = "-0.1" if variant == "stock" else "+0.1"
            plots.append(f"${variant} using ($1{shift}):2:3:4 with yerrorlines "
                         f"title '{TITLES[variant]}'")
    if not plots:
        return ""
    return ("\nDowntime by the number of clients on each host (direct, memory only); bars are "
            "the range.\n" + gnuplot(
                out, "downtime", "800,500",
                blocks + "set grid\nset yrange [0:*]\nset offsets 1, 1, 0, 0\n"
                "set xlabel 'clients on each host'\nset ylabel 'downtime, ms'\n"
                "plot " + ", ".join(plots) + "\n"))


def in_pairs(samples):
    """The samples that both variants have of the same configuration, round and way"""
    def key(sample):
        return sample["config"], sample["round"], sample["direction"]
    good = [sample for sample in samples if not sample["error"]]
    keys = [{key(sample) for sample in good if sample["variant"] == variant}
            for variant in VARIANTS]
    return [sample for sample in good if key(sample) in keys[0] & keys[1]]


def plot_histograms(out, samples):
    """How many of the queries were slower than what, over all migrations"""
    blocks, plots = "", []
    paired = in_pairs(samples)
    for host in ("source", "destination"):
        for variant in VARIANTS:
            latencies = []
            for sample in paired:
                if sample["variant"] == variant and sample[host] and not sample["error"]:
                    result, rows = read(out, sample["name"])
                    name = result["rounds"][0][host]
                    latencies += [float(row["latency_us"]) / 1000 for row in rows
                                  if row["host"] == name and row["outcome"] in ANSWERED]
            if latencies:
                latencies.sort()
                step = max(len(latencies) // 2000, 1)
                picked = sorted({*range(0, len(latencies), step), *range(
                    max(len(latencies) - 200, 0), len(latencies))})
                blocks += data_block(f"{variant}_{host}", [
                    (latencies[i], 100 * (len(latencies) - i) / len(latencies)) for i in picked])
                plots.append(f"${variant}_{host} with steps lw 1.5 "
                             f"dt {1 if host == 'source' else 3} "
                             f"lc {1 + VARIANTS.index(variant)} "
                             f"title '{TITLES[variant]}, {host}'")
    if not plots:
        return "\nNo query was answered in migrations of both variants.\n"
    return ("\nShare of all queries that took at least so long, over all migrations that both "
            "variants made.\n" + gnuplot(
        out, "histogram", "800,500",
        blocks + "set logscale xy\nset grid\nset key outside below\nset xlabel 'latency, ms'\n"
        "set ylabel 'queries, %'\nplot " + ", ".join(plots) + "\n"))


def write(out, samples, jobs, complete, seconds):
    """Writes the report and the data it is made of. Returns its path."""
    with open(os.path.join(out, "samples.json"), "w") as file:
        json.dump([{**sample, "config": sample["config"].name} for sample in samples], file,
                  indent=1)
    text = HEAD
    if not complete:
        text += "\n**Not all that was to be measured has been**; see the end of the run's output.\n"
    failed = sum(sample["error"] is not None for sample in samples)
    text += (f"\n{len(samples)} migrations, {failed} of which failed, in {seconds / 60:.0f} "
             "minutes.\n\n## Plots\n")
    text += plot_migration(out, samples) + plot_downtime(out, samples)
    text += plot_histograms(out, samples) + "\n## Migrations\n"
    for config in dict.fromkeys(sample["config"] for sample in samples):
        text += config_section(samples, config)
    if jobs:
        text += jobs_section(jobs)
    path = os.path.join(out, "report.md")
    with open(path, "w") as file:
        file.write(text)
    return path
