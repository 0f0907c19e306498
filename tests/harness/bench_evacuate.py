#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host is evacuated: all its guests migrate to another one, some at a time, while a
monitoring system asks both hosts. By stock libvirt and by the series in turns.

Called by scripts/bench --evacuate. The same guests go there with one and back with the other.
"""

import argparse
import collections
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import libvirt  # noqa: E402

from harness import bench, bench_plots, bench_report, sandbox  # noqa: E402
from harness.bare_guest import BareGuest  # noqa: E402
from harness.bench_stats import VARIANTS, number, percentile  # noqa: E402
from harness.guest import GuestFault  # noqa: E402
from harness.host import HostError  # noqa: E402
from harness.sides import Sides  # noqa: E402

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench_scrape.py")
# What a monitoring system asks of each host, and how often
SCRAPES = {"all, every 5 s": ("all", 5), "all, every second": ("all", 1),
           "list and one guest, every second": ("single", 1)}
GUEST_MIB = 4           # of memory with a pattern
# What a guest needs of this machine on either host; it is there twice while it migrates
GUEST_NEEDS_MIB = 100
RESERVE_MIB = 2048
SETTLE = 6              # s of scrapes before and after, so that each has one undisturbed
SCRAPE_LIMIT = 45       # s; stock's wait for a job, and some
FLAGS = (libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
         | libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE)
STARTS_AT_ONCE = 4
FAILURES = (HostError, GuestFault, libvirt.libvirtError, OSError, TimeoutError,
            subprocess.SubprocessError)

HEAD = """<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
# A host is evacuated

All guests of a host migrate to another one, some at a time. Meanwhile each host is asked for
the statistics of all domains every 5 s and every second, and for the list of its domains and
the statistics of one of them every second, each over a connection of its own. By stock libvirt
and by the series in turns, with the same guests.

*Late*: a scrape that took longer than its interval. *Missed*: one that was not sent, since
the one before was under way. *Gap*: the longest time in which neither host told any numbers
of one guest (from QEMU, not what libvirt knows without it), by the scrapes of every second.
"""


def say(text):
    print(f"bench: {text}", flush=True)


class Events:
    """When each guest was stopped on one host and began to run on another. libvirt's event
    loop must run."""

    def __init__(self, hosts):
        self.at = collections.defaultdict(dict)
        self._conns = [host.connect() for host in hosts]
        for conn in self._conns:
            conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                        self._event, None)

    def _event(self, _conn, domain, event, detail, _opaque):
        if event == libvirt.VIR_DOMAIN_EVENT_SUSPENDED \
                and detail == libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED:
            self.at[domain.name()].setdefault("stopped", time.monotonic())
        elif event == libvirt.VIR_DOMAIN_EVENT_RESUMED \
                and detail == libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED:
            self.at[domain.name()]["runs"] = time.monotonic()

    def close(self):
        for conn in self._conns:
            conn.close()

    def downtimes(self):
        """ms, in order"""
        return sorted(1000 * (at["runs"] - at["stopped"]) for at in self.at.values()
                      if "runs" in at and "stopped" in at)


def scrape_figures(records, interval):
    took = sorted(1000 * (record["done"] - record["due"]) for record in records)
    codes = collections.Counter(record["code"] for record in records if record["code"])
    return {"scrapes": len(records), "missed": sum(record["missed"] for record in records),
            "late": sum(value > 1000 * interval for value in took),
            "p50": percentile(took, 50), "max": took[-1] if took else None,
            "errors": {str(code): count for code, count in sorted(codes.items())}}


def gaps(records, names, begin, end):
    """{guest: ms}: the longest time without its numbers, of either host's scrapes"""
    told = {name: [begin, end] for name in names}
    for record in records:
        for name in record["names"]:
            if name in told:
                told[name].append(min(max(record["done"], begin), end))
    return {name: 1000 * max(after - before for before, after in zip(times, times[1:]))
            for name, times in ((name, sorted(times)) for name, times in told.items())}


class Evacuation:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.sides = Sides(folder, {"stock": args.stock, "series": args.series}, args.work)
        self.hosts = self.sides.hosts
        self.at = 0         # index of the host that the guests are on
        self.guests = []
        self.results = {"format": 1, "settings": {
                            **bench.machine(), **{side: os.path.relpath(build, args.work)
                                                  for side, build in self.sides.builds.items()},
                            "guest": f"bare guest (tests/guest/bare), {GUEST_MIB} MiB with a "
                                     "pattern of which 16 pages a second are rewritten"},
                        "complete": False,
                        "notes": [], "evacuations": []}
        if os.getloadavg()[1] > len(os.sched_getaffinity(0)) / 2:
            self.note("the machine was busy with something else when this began: the figures "
                      "are no result")
        self.raw = os.path.join(args.out, "raw")
        shutil.rmtree(self.raw, ignore_errors=True)
        os.makedirs(self.raw)

    def note(self, text):
        say(text)
        self.results["notes"].append(text)

    def want_guests(self, wanted):
        """Has so many guests run on the host where they are."""
        new = [BareGuest(self.folder, self.args.tools, f"guest{index}", area=GUEST_MIB, dirty=16,
                         verify=16, beat=1000, disk_mib=1, seed=index + 1)
               for index in range(len(self.guests), wanted)]
        host, waiting = self.hosts[self.at], collections.deque()
        for guest in new:
            # A firmware that shares its processor with many others may miss its time limits.
            if len(waiting) == STARTS_AT_ONCE:
                waiting.popleft().wait_ready()
            guest.start(host, wait=False)
            waiting.append(guest)
        for guest in waiting:
            guest.wait_ready()
        self.guests += new

    def move_all(self, at_once):
        """Migrates all guests. Returns the codes of the errors."""
        source, destination = self.hosts[self.at], self.hosts[1 - self.at]
        todo, codes = queue.Queue(), collections.Counter()
        for guest in self.guests:
            todo.put(guest.name)

        def work():
            conn, to = source.connect(), destination.connect()
            while True:
                try:
                    name = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    conn.lookupByName(name).migrate3(to, {}, FLAGS)
                except libvirt.libvirtError as error:
                    codes[str(error.get_error_code())] += 1
                    self.note(f"{self.sides.side}: {name} did not migrate: {error}")

        threads = [threading.Thread(target=work) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return dict(codes)

    def scrapers(self, name):
        """Starts them; [(host, what, process, file)]"""
        started = []
        for host in self.hosts:
            for index, (what, (kind, interval)) in enumerate(SCRAPES.items()):
                path = os.path.join(self.raw, f"{name}-{host.name}-{index}.jsonl")
                started.append((host, what, subprocess.Popen(
                    [sys.executable, "-B", SCRIPT, host.uri, kind, str(interval), path]), path))
        return started

    @staticmethod
    def end(scrapers):
        for _, _, process, _ in scrapers:
            process.terminate()
        for _, _, process, _ in scrapers:
            try:
                process.wait(SCRAPE_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def cpu(self):
        return bench.cpu_ms(self.hosts)

    def evacuate(self, variant, count, at_once):
        self.sides.switch(variant)
        for host in self.hosts:     # the first queries of a daemon take longer
            host.conn.getAllDomainStats()
        name = f"{count}-{at_once}-{variant}"
        events = Events(self.hosts)
        scrapers = self.scrapers(name)
        try:
            time.sleep(SETTLE)
            used, begin = self.cpu(), time.monotonic()
            codes = self.move_all(at_once)
            end = time.monotonic()
            used = [after - before for before, after in zip(used, self.cpu())]
            time.sleep(SETTLE)
        finally:
            self.end(scrapers)
            events.close()
        ends = {"source": self.hosts[self.at], "destination": self.hosts[1 - self.at]}
        left = len(ends["source"].conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE))
        if left:
            raise HostError(f"{variant}: {left} of {count} guests did not leave their host")
        self.at = 1 - self.at
        for guest in self.guests:
            guest.raise_faults()
        found, every_second = {}, []
        for host, what, _, path in scrapers:
            with open(path) as file:
                records = [json.loads(text) for text in file]
            kind, interval = SCRAPES[what]
            during = [record for record in records
                      if record["done"] >= begin and record["due"] <= end]
            if not during:
                raise HostError(f"{variant}: no scrape of {host.name} ({what})")
            side = next(side for side, other in ends.items() if other is host)
            found.setdefault(what, {})[side] = scrape_figures(during, interval)
            if kind == "all" and interval == 1:
                every_second += records
        gap = gaps(every_second, [guest.name for guest in self.guests], begin, end)
        downtimes = events.downtimes()
        if len(downtimes) != count:
            self.note(f"{name}: the downtime of {count - len(downtimes)} guests is not known")
        self.results["evacuations"].append({
            "name": name, "variant": variant, "guests": count, "at_once": at_once,
            "begin": begin, "total_ms": 1000 * (end - begin), "errors": codes, "scrapes": found,
            "gap_ms": max(gap.values()),
            "gap_guest": max(gap, key=gap.get),
            "downtime_ms": {"p50": percentile(downtimes, 50),
                            "max": downtimes[-1] if downtimes else None},
            "cpu_ms": dict(zip(ends if ends["source"] is self.hosts[0] else reversed(ends), used)),
            "hosts": {side: host.name for side, host in ends.items()}})

    def run(self):
        self.sides.switch("stock")
        complete, number_of = True, 0
        for count in self.args.guests:
            free = int(bench.first_match("/proc/meminfo", "MemAvailable").split()[0]) // 1024
            needed = (count - len(self.guests)) * GUEST_NEEDS_MIB + RESERVE_MIB \
                + max(self.args.at_once) * GUEST_NEEDS_MIB
            if needed > free:
                self.note(f"{count} guests left out: {needed} MiB are needed, {free} are free")
                complete = False
                continue
            began = time.monotonic()
            self.want_guests(count)
            say(f"{count} guests run after {time.monotonic() - began:.0f} s")
            for at_once in self.args.at_once:
                for variant in VARIANTS if number_of % 2 == 0 else reversed(VARIANTS):
                    self.evacuate(variant, count, at_once)
                    self.save()
                    sample = self.results["evacuations"][-1]
                    say(f"{count} guests, {at_once} at a time, {variant}: "
                        f"{sample['total_ms'] / 1000:.1f} s, longest gap "
                        f"{sample['gap_ms'] / 1000:.1f} s")
                number_of += 1
        return complete and bool(self.results["evacuations"])

    def save(self):
        with open(os.path.join(self.args.out, "results.json"), "w") as file:
            json.dump(self.results, file, indent=1)


# --- the report ---

def plot(out, results, count, at_once):
    """Each scrape of one evacuation by when it was due and how long it took, stock above the
    series"""
    samples = {sample["variant"]: sample for sample in results["evacuations"]
               if sample["guests"] == count and sample["at_once"] == at_once}
    if len(samples) < len(VARIANTS):
        return ""
    blocks, panels, slowest = "", "", 1000
    last = max(sample["total_ms"] for sample in samples.values()) / 1000 + SETTLE
    for variant in VARIANTS:
        sample = samples[variant]
        for end, host in sample["hosts"].items():
            curves = []
            for index, what in enumerate(SCRAPES):
                path = os.path.join(out, "raw", f"{sample['name']}-{host}-{index}.jsonl")
                with open(path) as file:
                    records = [json.loads(text) for text in file]
                for kind in ("answered", "failed"):
                    points = [(record["due"] - sample["begin"],
                               max(1000 * (record["done"] - record["due"]), bench_plots.LEAST))
                              for record in records if bool(record["code"]) == (kind == "failed")]
                    slowest = max([slowest] + [point[1] for point in points])
                    block = f"{variant}_{end}_{index}_{kind}"
                    blocks += bench_plots.data_block(block, points or [(0, 1e-9)])
                    if kind == "answered" or points:
                        curves.append(f"${block} with points pt {7 if kind == 'answered' else 2} "
                                      f"ps 0.5 lc {index + 1} title '{what}"
                                      f"{', failed' if kind == 'failed' else ''}'")
            total = sample["total_ms"] / 1000
            panels += (f"set title '{variant}, {end}'\nunset object\n"
                       f"set object rectangle from 0, graph 0 to {total:.3f}, graph 1 "
                       "fc '#eeeeee' fs solid noborder behind\n"
                       f"plot {', '.join(curves)}\n")
    return bench_plots.gnuplot(
        out, f"evacuation-{count}-{at_once}", "1200,800",
        blocks + f"set logscale y\nset xrange [{-SETTLE}:{last:.1f}]\n"
        f"set yrange [1:{2 * slowest:.6g}]\nset xlabel 'due, s'\nset ylabel 'took, ms'\n"
        "set key below\nset multiplot layout 2,2\n" + panels + "unset multiplot\n")


def both(sample, what, figure, tell=number):
    return ", ".join(tell(sample["scrapes"][what][end][figure]) for end in
                     ("source", "destination"))


def write(out, results):
    """Writes the report. Returns its path."""
    text = HEAD
    if not results["complete"]:
        text += "\n**Not all that was to be measured has been.**\n"
    text += "".join(f"\n- {note.splitlines()[0]}" for note in results["notes"]) + "\n"
    rows = [[str(sample["guests"]), str(sample["at_once"]), sample["variant"],
             number(sample["total_ms"] / 1000),
             number(sample["downtime_ms"]["p50"]), number(sample["downtime_ms"]["max"]),
             number(sample["gap_ms"] / 1000),
             ", ".join(number(sample["cpu_ms"][end] / sample["guests"])
                       for end in ("source", "destination")),
             ", ".join(f"{code}: {times}" for code, times in sample["errors"].items()) or "-"]
            for sample in results["evacuations"]]
    text += "\n## The evacuation\n\n" + bench_report.table(
        ["guests", "at a time", "", "total, s", "downtime, median, ms", "worst, ms",
         "longest gap, s", "CPU of the daemons, ms a guest (source, destination)",
         "failed migrations by code"], rows)
    for what in SCRAPES:
        rows = []
        for sample in results["evacuations"]:
            errors = collections.Counter()
            for end in sample["scrapes"][what].values():
                errors.update(end["errors"])
            rows.append([str(sample["guests"]), str(sample["at_once"]), sample["variant"],
                         *(both(sample, what, figure, str)
                           for figure in ("scrapes", "missed", "late")),
                         *(both(sample, what, figure) for figure in ("p50", "max")),
                         ", ".join(f"{code}: {times}" for code, times in errors.items()) or "-"])
        text += f"\n## Scrapes: {what}\n\nSource, destination.\n\n" + bench_report.table(
            ["guests", "at a time", "", "scrapes", "missed", "late", "median, ms", "slowest, ms",
             "errors by code"], rows)
    text += growth(results)
    shown = list(dict.fromkeys((sample["guests"], sample["at_once"])
                               for sample in results["evacuations"]))
    text += "\n## Scrape by scrape\n\nGrey: the evacuation.\n"
    for count, at_once in shown:
        text += f"\n{count} guests, {at_once} at a time:\n" + plot(out, results, count, at_once)
    text += "\n## Machine\n\n" + bench_report.table(
        ["", ""], [[key, str(value)] for key, value in results["settings"].items()])
    path = os.path.join(out, "report.md")
    with open(path, "w") as file:
        file.write(text)
    return path


def growth(results):
    """What a guest costs among how many: a figure that grows faster than the number of guests
    goes up from row to row"""
    rows = []
    for at_once in dict.fromkeys(sample["at_once"] for sample in results["evacuations"]):
        for variant in VARIANTS:
            for sample in results["evacuations"]:
                if (sample["at_once"], sample["variant"]) == (at_once, variant):
                    scrapes = sample["scrapes"]["all, every second"].values()
                    slowest = max(end["p50"] for end in scrapes)
                    rows.append([str(at_once), variant, str(sample["guests"]),
                                 *(number(figure / sample["guests"]) for figure in
                                   (sample["total_ms"], slowest, sum(sample["cpu_ms"].values())))])
    return "\n## Growth\n\nEach figure divided by the number of guests, in ms.\n\n" \
        + bench_report.table(["at a time", "", "guests", "total", "median scrape of all, the "
                              "slower host", "CPU of both daemons"], rows)


def numbers(text):
    found = [int(word) for word in text.split(",")]
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError("numbers of 1 or more, with commas between")
    return found


def parse_args():
    parser = argparse.ArgumentParser(prog="bench --evacuate", description=__doc__.splitlines()[0])
    parser.add_argument("--stock", help="build of unpatched libvirt, or its unpacked packages")
    parser.add_argument("--series", help="the same with the series")
    parser.add_argument("--tools", help="folder with our tools and the guest")
    parser.add_argument("--work", help="folder for the run's files")
    parser.add_argument("--out", required=True, help="folder for the report")
    parser.add_argument("--guests", type=numbers, default=[20, 50, 100, 200])
    parser.add_argument("--at-once", type=numbers, default=[1, 4, 8])
    parser.add_argument("--check", action="store_true", help="check the options, measure nothing")
    parser.add_argument("--report", action="store_true",
                        help="write the report of what is in --out anew")
    args = parser.parse_args()
    args.guests.sort()
    return args


def run_event_loop():
    libvirt.virEventRegisterDefaultImpl()

    def run():
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=run, daemon=True).start()


def main(folder):
    libvirt.registerErrorHandler(lambda *_: None, None)
    run_event_loop()
    evacuation = None
    try:
        evacuation = Evacuation(ARGS, folder)
        evacuation.results["complete"] = evacuation.run()
    except sandbox.Interrupted:
        say("interrupted; the report is of what there is")
    except FAILURES as error:
        say(f"FAILED: {error}; logs {folder}")
        if evacuation:
            evacuation.results["notes"].append(f"FAILED: {error}")
    if not evacuation or not evacuation.results["evacuations"]:
        say("FAILED: nothing was measured")
        return 1
    evacuation.save()
    complete = evacuation.results["complete"]
    say(f"{'ok' if complete else 'incomplete'}: {write(ARGS.out, evacuation.results)}")
    return 0 if complete else 1


if __name__ == "__main__":
    ARGS = parse_args()
    if ARGS.check:
        sys.exit(0)
    if ARGS.report:
        try:
            with open(os.path.join(ARGS.out, "results.json")) as saved:
                say("ok: " + write(ARGS.out, json.load(saved)))
        except FileNotFoundError as missing:
            sys.exit(f"bench: no results: {missing}")
        sys.exit(0)
    sys.exit(sandbox.run(main, ARGS.work, "evacuate"))
