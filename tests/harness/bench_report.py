# SPDX-License-Identifier: LGPL-2.1-or-later
"""The report of scripts/bench, in Markdown, from its results."""

import os

from . import bench_plan, bench_plots, bench_stats
from .bench_stats import VARIANTS, number, pairs, ratio, spread

HEAD = """<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
# Stock libvirt and the series, side by side

Both take turns on the same two hosts with the same running guest, round by round. Each
client sends queries at fixed times over a connection of its own: latency counts from when
a query was due, so a stall counts for every query due in it. *Slowest* counts from when a
query was sent: the longest that a host took over one. Counted is what was due or under
way while the migration or the job ran, but for answers that the domain is not there.
Figures are medians over all migrations of a configuration, in brackets the range; times
are in milliseconds. A ratio is series / stock, pair by pair: below 1 the series is
faster.

**How far to trust it.** The guest is emulated and shares the processors with the hosts'
daemons, QEMU on either side, and the clients. Where the ratios of the pairs lie on both
sides of 1, what there is of an effect is less than this noise, and the table says `noise`;
where they do not, a few pairs can still lie on one side by chance.
"""


def table(head, rows):
    rows = [[cell.replace("|", "/") for cell in row] for row in rows]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


class Report:
    def __init__(self, out, results):
        self.out = out
        self.results = results
        self.quick = results["settings"].get("quick")

    def command(self, *names, rounds=None):
        """The command that measures the parts so called, and nothing else"""
        words = ["scripts/bench"] + ["--quick"] * bool(self.quick)
        words += [f"--rounds {rounds}"] * bool(rounds)
        return "`" + " ".join(words + [f"--only '{name}'" for name in names]) + "`"

    def state(self):
        results = self.results
        text = ""
        if not results["complete"]:
            text += "\n**Not all that was to be measured has been.**\n"
        text += "".join(f"\n- {note.splitlines()[0]}" for note in results["notes"])
        return text + "\n" * bool(results["notes"])

    def goals(self):
        rows = [[goal.what, goal.found["stock"], goal.found["series"], goal.goal,
                 f"**{goal.verdict}**", self.command(*goal.only)]
                for goal in bench_stats.goals(self.results)]
        shorter = (" With `--quick` the migration is held for a shorter time than the 3 minutes "
                   "of the goal.") if self.quick else ""
        return ("\n## The goals\n\n" + table(
            ["what", "stock", "series", "goal", "series", "again"], rows)
            + "\n*Slowest*: of all runs, from when the query was sent. *Its own time*: the median "
              "of the same query while nothing goes on. A held migration is one that a low "
              "bandwidth keeps from ending until it is raised." + shorter + "\n")

    def settings(self):
        rows = [[name, str(value)] for name, value in self.results["settings"].items()
                if name != "quick"]
        counts = ", ".join(f"{len(self.results[kind])} {what}" for kind, what in
                           (("migrations", "migrations"), ("held", "held migrations"),
                            ("jobs", "other jobs")))
        rows.append(["measured", f"{counts}, in {self.results['seconds'] / 60:.0f} minutes"])
        return "\n## Machine, versions, settings\n\n" + table(["", ""], rows)

    def plots(self):
        text = "\n## Plots\n"
        text += bench_plots.migration(self.out, self.results, bench_plan.EIGHT.name, "migration")
        text += bench_plots.migration(self.out, self.results, bench_plan.SINGLE, "held")
        text += bench_plots.downtime(self.out, self.results)
        text += bench_plots.histograms(self.out, self.results)
        return text + "\nThe plots are in `plots/`, as SVG and PNG.\n"

    def by_part(self):
        """{part: its migrations}, in the order of measuring"""
        found = {}
        for sample in self.results["migrations"]:
            found.setdefault(sample["part"], []).append(sample)
        return found

    def overview(self):
        rows = []
        for part, samples in self.by_part().items():
            row = [part]
            for name in ("downtime", "total", "source, slowest", "destination, slowest"):
                row += [spread_of(samples, variant, name) for variant in VARIANTS]
                found = ratio(pairs(samples, name))
                row.append(found.text() if found else "-")
            rows.append(row)
        if not rows:
            return ""
        head = [""] + [f"{name}, {column}" for name in
                       ("downtime", "total", "slowest on the source",
                        "slowest on the destination")
                       for column in ("stock", "series", "ratio")]
        return ("\n## Migrations\n\nDirect and memory only unless it says otherwise. One row "
                f"again: {self.command('NAME')}\n\n" + table(head, rows))

    def downtimes(self):
        rows = []
        for part, samples in self.by_part().items():
            if part not in bench_plan.DOWNTIME:
                continue
            for variant in VARIANTS:
                row = [spread_of(samples, variant, name)
                       for name in ("downtime", *bench_stats.DOWNTIME_PARTS)]
                if row[0] != "-":
                    rows.append([part, variant, *row])
        if not rows:
            return ""
        return ("\n## Where the downtime goes\n\nFrom the source's event that the guest is "
                "stopped until the source has sent the rest (it enters the phase perform3_done), "
                "from then until the destination begins to finish (it enters finish3, for which "
                "it waits for the query that is running), and from then until the guest runs. "
                "Where the clients ask another domain, all that they cost is the use of the "
                "processors. With NOWAIT the statistics leave out what a busy domain would have "
                "to be asked, on either variant.\n\n"
                + table(["", "", "downtime", "source sends", "destination has yet to begin",
                         "destination starts the guest"], rows))

    def details(self):
        text = ""
        for part, samples in self.by_part().items():
            # without those that are 0 or unknown throughout
            names = list(dict.fromkeys(
                name for sample in samples
                for name, value in bench_stats.figures(sample).items() if value))
            rows = []
            for name in names:
                found = ratio(pairs(samples, name))
                rows.append([name, *(spread_of(samples, variant, name) for variant in VARIANTS),
                             found.text() if found else "-"])
            count = {variant: sum(sample["variant"] == variant for sample in samples)
                     for variant in VARIANTS}
            text += (f"\n### {part}\n\n{count['stock']} and {count['series']} migrations. "
                     f"{self.command(part)}\n\n"
                     + table(["", "stock", "series", "ratio"], rows))
        return text

    def held(self):
        rows, names = [], []
        for sample in self.results["held"]:
            if sample["part"] not in names:
                names.append(sample["part"])
            for end in ("source", "destination", "idle"):
                part = sample[end]
                if part:
                    where = "destination afterwards, idle" if end == "idle" else end
                    rows.append([f"{sample['part']}, {sample['hold_s']} s", sample["variant"],
                                 where, *(number(part[name])
                                          for name in bench_stats.QUERY_FIGURES),
                                 str(part["answers"]), str(part["timeouts"])])
        if not rows:
            return ""
        return ("\n## Held migrations\n\n1 client on each host; on the destination only where it "
                f"asks for the statistics of all domains. {self.command(*names)}\n\n"
                + table(["", "", "host", "p50", "p99", "p99.9", "max", "slowest", "answers",
                         "timeouts"], rows))

    def jobs(self):
        rows, names = [], list(dict.fromkeys(job["part"] for job in self.results["jobs"]))
        for name in names:
            for variant in VARIANTS:
                mine = [job for job in self.results["jobs"]
                        if job["part"] == name and job["variant"] == variant]
                good = [job for job in mine if not job["error"]]
                rows.append([name, variant, spread([job["took_ms"] for job in good]),
                             *(spread([job["host"][figure] for job in good])
                               for figure in bench_stats.QUERY_FIGURES),
                             str(sum(job["host"]["timeouts"] for job in mine)),
                             "; ".join(job["error"] for job in mine if job["error"]) or "-"])
        if not rows:
            return ""
        return ("\n## Save, dump, snapshot, backup\n\n8 clients on the host while each runs. "
                f"{self.command(*names)}\n\n"
                + table(["job", "", "took", "p50", "p99", "p99.9", "max", "slowest", "timeouts",
                         "failed"], rows))

    def text(self):
        return (HEAD + self.state() + self.goals() + self.settings() + self.plots()
                + self.overview() + self.downtimes() + self.held() + self.jobs()
                + self.details())


def spread_of(samples, variant, name):
    return spread([bench_stats.figures(sample).get(name) for sample in samples
                   if sample["variant"] == variant and not sample["error"]])


def write(out, results):
    """Writes the report. Returns its path."""
    path = os.path.join(out, "report.md")
    text = Report(out, results).text()
    with open(path, "w") as file:
        file.write(text)
    return path
