#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job: live migrations of a running guest that is queried on both hosts, by stock
libvirt and by the series in turns.

Called by scripts/demo, which sees to it that all that is needed is there.
"""

import argparse
import contextlib
import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import libvirt  # noqa: E402

from harness import bench_stats, faults, sandbox  # noqa: E402
from harness.guest import Guest, GuestFault  # noqa: E402
from harness.host import HostError  # noqa: E402
from harness.sides import Sides  # noqa: E402

GUEST = "guest"
STOCK, SERIES = "stock", "series"
RATE = 5            # queries per second of each client
PROMPT = 1          # s; an answer that comes later is none to a monitoring system
STOCK_WAIT = 30     # s for which stock has a query wait for a job
HELD_BANDWIDTH = 1  # MiB/s: less than the guest writes, so that the migration does not end
FREE_BANDWIDTH = 1024
WARM_UP = 1         # s; the first queries of a daemon take longer than all that follow
LIMIT = 60          # s for a migration, besides the time for which it is held

HEAD = ("                                                source                  destination\n"
        "round  libvirt  migration      total  downtime  answered      slowest   answered"
        "      slowest")


def parse_args():
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    parser.add_argument("--series", required=True,
                        help="build of libvirt with the series, or its unpacked packages")
    parser.add_argument("--stock", help="the same of stock libvirt; without it the series is alone")
    parser.add_argument("--tools", required=True, help="folder with our tools and the guest")
    parser.add_argument("--work", required=True, help="folder for the run's files")
    parser.add_argument("--rounds", type=int, default=5,
                        help="rounds, each with a migration by stock and one by the series")
    parser.add_argument("--clients", type=int, default=2, help="clients per host")
    parser.add_argument("--storm", action="store_true",
                        help="clients ask in tight loops, not at a rate")
    parser.add_argument("--held", type=int, default=40, metavar="SECONDS",
                        help="for how long the migrations of the second round are held (0: none)")
    parser.add_argument("--area", type=int, default=128,
                        help="MiB of the guest's memory with a pattern")
    parser.add_argument("--dirty", type=int, default=4096,
                        help="KiB of it that change per second")
    parser.add_argument("--flags", default="live,persistent,unsafe",
                        help="migration flags, as virt-jobstorm takes them")
    parser.add_argument("--query-timeout", type=int, default=60,
                        help="seconds after which a query without an answer is a failure")
    parser.add_argument("--json", help="write the results to this file")
    parser.add_argument("--debug", action="store_true",
                        help="log each job; slows the daemons down")
    parser.add_argument("--keep", action="store_true", help="keep the run's files and logs")
    args = parser.parse_args()
    if args.rounds < 1 or args.clients < 1:
        parser.error("--rounds and --clients take a number of 1 or more")
    if args.held < 0:
        parser.error("--held takes a number of 0 or more")
    return args


def say(text):
    print(f"demo: {text}", flush=True)


def seconds(value):
    return "-" if value is None else f"{value / 1000:.1f} s"


def ms(value):
    if value is None:
        return "-"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def asked(rows, host):
    """What the queries of @host came to. A query counts if the host knew the domain."""
    rows = [row for row in rows if row["host"] == host
            and row["outcome"] not in bench_stats.NO_ANSWER]
    prompt = sum(row["outcome"] in ("ok", "off") and float(row["latency_us"]) <= PROMPT * 1e6
                 for row in rows)
    return {"queries": len(rows), "prompt": prompt,
            "errors": sum(row["outcome"] == "error" for row in rows),
            "slowest_ms": max((float(row["service_us"]) / 1000 for row in rows
                               if row["service_us"]), default=None)}


def together(parts):
    return {"queries": sum(part["queries"] for part in parts),
            "prompt": sum(part["prompt"] for part in parts),
            "errors": sum(part["errors"] for part in parts),
            "slowest_ms": max((part["slowest_ms"] for part in parts
                               if part["slowest_ms"] is not None), default=None)}


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def line(number, side, what, total, downtime, ends):
    text = f"{number:<5}  {side:<7}  {what:<13}  {seconds(total):>5}  {ms(downtime):>8}"
    for end in ends:
        text += f"  {end['prompt']:>5} of {end['queries']:<5}{ms(end['slowest_ms']):>7} "
    return text.rstrip()


def first(reasons):
    """The reasons in one line"""
    more = len(reasons) - 1
    return reasons[0] + (f" (and {more} more)" if more else "")


class Demo:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        builds = {STOCK: args.stock} if args.stock else {}
        builds[SERIES] = args.series
        self.sides = Sides(folder, builds, args.work, debug_jobs=args.debug)
        self.hosts = self.sides.hosts
        self.guest = None   # until it runs
        self.at = 0         # index of the host that it is on
        self.samples = []
        self.reasons = []   # why the demo has failed
        self.logged = {}    # host's name: where in its log the series' turn began

    # --- turns ---

    def version(self, build):
        """What the daemons that run are, in words"""
        try:
            with open(build + ".version") as file:     # written by scripts/unpack
                return f"libvirt {file.read().strip()}, packages"
        except FileNotFoundError:
            version = self.hosts[0].conn.getLibVersion()
            return (f"libvirt {version // 1000000}.{version // 1000 % 1000}.{version % 1000}, "
                    f"{build}")

    def queried(self):
        return [word for host in self.hosts for word in ("--uri", host.uri)]

    def take_turn(self, side):
        if self.sides.side == side:
            return
        self.end_turn()
        self.sides.switch(side)
        for host in self.hosts:
            self.logged[host.name] = os.path.getsize(host.log)
        if not self.guest:
            return
        self.storm("--clients", str(self.args.clients), "--seconds", str(WARM_UP))

    def end_turn(self):
        """What the series' daemons must not have said, or left behind; what stock's say of
        their own waits is no fault."""
        if self.sides.side != SERIES:
            return
        for host in self.hosts:
            if death := host.death():
                self.reasons.append(death)
            elif leak := faults.leaked_job(host, GUEST):
                self.reasons.append(f"leaked job: {leak}")
            if lines := faults.log_faults(host, self.logged[host.name]):
                self.reasons.append(f"{host.name} warns {len(lines)} times, first: {lines[0]}")
            self.logged[host.name] = os.path.getsize(host.log)

    def storm(self, *options, limit=LIMIT):
        """Runs virt-jobstorm. Returns its exit status, what it says, a row per query, and
        the end of its output."""
        base = os.path.join(self.folder, "storm")
        for name in (".json", ".csv"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(base + name)
        command = [os.path.join(self.args.tools, "virt-jobstorm"), "--quiet", "--domain", GUEST,
                   "--json", base + ".json", "--timeline", base + ".csv", *self.queried()]
        if not self.args.storm:
            command += ["--rate", str(RATE)]
        with open(base + ".log", "w") as log, \
                subprocess.Popen(command + list(options), stdout=log, stderr=log) as process:
            try:
                process.wait(limit)
            except BaseException:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                raise
        with open(base + ".log") as log:
            said = " ".join(log.read().split())[-300:]
        try:
            with open(base + ".json") as file:
                result = json.load(file)
            with open(base + ".csv", newline="") as file:
                return process.returncode, result, list(csv.DictReader(file)), said
        except FileNotFoundError as error:
            raise HostError(f"virt-jobstorm has no results: {said}") from error

    @contextlib.contextmanager
    def released_after(self, hold):
        """Has a migration that is held go on after so many seconds."""
        source, trouble = self.hosts[self.at], []

        def release():
            try:
                source.connect().lookupByName(GUEST).migrateSetMaxSpeed(FREE_BANDWIDTH)
            except libvirt.libvirtError as error:
                trouble.append(f"a held migration could not be released: {error}")

        timer = threading.Timer(hold, release)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
        if trouble:
            raise HostError(trouble[0])

    def migrate(self, side, number):
        """One migration, to the other host"""
        self.take_turn(side)
        hold = self.args.held if number == min(2, self.args.rounds) else 0
        source, destination = self.hosts[self.at], self.hosts[1 - self.at]
        options = ["--migrate", destination.uri, "--from", source.uri, "--rounds", "1",
                   "--clients", str(self.args.clients), "--flags", self.args.flags,
                   "--round-timeout", str(hold + LIMIT),
                   "--query-timeout", str(self.args.query_timeout)]
        if side == SERIES:
            options.append("--check")
        if hold:
            options += ["--param", f"bandwidth={HELD_BANDWIDTH}"]
        with self.released_after(hold) if hold else contextlib.nullcontext():
            status, result, rows, said = self.storm(
                *options, limit=hold + 2 * LIMIT + self.args.query_timeout)
        row = result["rounds"][0] if result["rounds"] else {"error": said}
        if row["error"]:
            reason = f"a migration by {side} failed: {row['error']}"
            if side == SERIES:
                raise HostError(reason)
            say(reason)
            self.at = self.where()
            return
        self.at = 1 - self.at
        begin = row["start_ms"] / 1000
        rows = bench_stats.during(rows, begin, begin + row["total_ms"] / 1000)
        sample = {"round": number, "side": side, "source_host": source.name,
                  "destination_host": destination.name, "held_s": hold,
                  "total_ms": row["total_ms"], "downtime_ms": row["downtime_ms"],
                  "source": asked(rows, row["source"]),
                  "destination": asked(rows, row["destination"]), "faults": result["faults"]}
        self.samples.append(sample)
        print(line(number, side, f"held {hold} s" if hold else f"{source.name} to "
                   f"{destination.name}", sample["total_ms"], sample["downtime_ms"],
                   (sample["source"], sample["destination"])), flush=True)
        if side == SERIES and status != 0:
            self.reasons += result["faults"] or [f"virt-jobstorm ended with {status}: {said}"]

    def where(self):
        """The index of the one host that the guest runs on"""
        found = [index for index, host in enumerate(self.hosts)
                 if not host.death() and faults.within(5, lambda host=host: GUEST in [
                     domain.name() for domain in host.conn.listAllDomains(
                         libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)], "list")]
        if len(found) != 1:
            raise HostError(f"the guest runs on {len(found)} hosts")
        return found[0]

    # --- what is seen ---

    def of(self, side, held):
        return [sample for sample in self.samples
                if sample["side"] == side and bool(sample["held_s"]) == held]

    def summary(self):
        """The last rows of the table"""
        for side in self.sides.builds:
            mine = self.of(side, held=False)
            if mine:
                print(line("all", side, "but those held" if self.of(side, True) else "",
                           median([sample["total_ms"] for sample in mine]),
                           median([sample["downtime_ms"] for sample in mine]),
                           [together([sample[end] for sample in mine])
                            for end in ("source", "destination")]))
        say("total and downtime of all are medians; answered: within "
            f"{PROMPT} s from when the query was due; slowest: from sending to answer")

    def sentence(self):
        """What was seen, in one sentence"""
        def of_each(tell):
            return " and ".join(("with stock " if side == STOCK else "with the series ")
                                + tell(side) for side in self.sides.builds)

        parts = []
        if any(sample["held_s"] for sample in self.samples):
            def held(side):
                end = together([sample["destination"] for sample in self.of(side, True)])
                return (f"{end['prompt']} of {end['queries']} queries (slowest: "
                        f"{ms(end['slowest_ms'])})")
            parts.append(f"while a migration was held for {self.args.held} s, the receiving host "
                         f"answered within {PROMPT} s {of_each(held)}")
        if any(not sample["held_s"] for sample in self.samples):
            parts.append("the median downtime " + ("of the other migrations " if parts else "")
                         + "was " + of_each(lambda side: ms(median(
                             [sample["downtime_ms"] for sample in self.of(side, False)]))))
        return "seen: " + "; ".join(parts)

    def check(self):
        """Looks at all that the migrations left behind."""
        try:
            self.at = self.where()
        except HostError as error:
            self.reasons.append(str(error))
        try:
            self.guest.check_alive()
            say(f"memory intact after {self.guest.memory_pass()} passes over all of it")
        except GuestFault as error:
            self.reasons.append(str(error))
        self.end_turn()
        self.hosts[self.at].domain(GUEST).destroy()
        try:
            say(f"disk intact: {self.guest.check_disk() + 1} blocks written and found")
        except GuestFault as error:
            self.reasons.append(str(error))

    # --- all ---

    def run(self):
        sides = list(self.sides.builds)
        for side in reversed(sides):    # have both learn about QEMU
            self.take_turn(side)
            say(f"{side}: {self.version(self.sides.builds[side])}")
        guest = Guest(self.folder, self.args.tools, GUEST, area=self.args.area,
                      dirty=self.args.dirty)
        began = time.monotonic()
        guest.start(self.hosts[0])
        self.guest = guest
        say(f"guest up after {time.monotonic() - began:.0f} s: {self.args.area} MiB under check, "
            f"{self.args.dirty} KiB of it change per second")
        pace = "in tight loops" if self.args.storm else f"at {RATE} queries a second each"
        say(f"{self.args.clients} clients on each host ask for the guest's statistics {pace}")
        print(HEAD, flush=True)
        for number in range(1, self.args.rounds + 1):
            # Of those that are not held each has as many in either direction, which may differ.
            for side in sides if (number - (number > 2)) % 2 else reversed(sides):
                self.migrate(side, number)
        self.summary()
        self.check()

    def save(self):
        if self.args.json:
            with open(self.args.json, "w") as file:
                json.dump({"format": 2, "rate": 0 if self.args.storm else RATE,
                           "clients_per_host": self.args.clients, "migrations": self.samples,
                           "faults": self.reasons}, file, indent=1)


def main(folder):
    libvirt.registerErrorHandler(lambda *_: None, None)
    demo = None
    try:
        demo = Demo(ARGS, folder)
        demo.run()
        reasons = demo.reasons
    except sandbox.Interrupted:
        reasons = ["interrupted"]
    except (HostError, GuestFault, TimeoutError, subprocess.SubprocessError,
            libvirt.libvirtError) as error:
        reasons = [str(error)] + (demo.reasons if demo else [])
    if demo:
        demo.reasons = reasons
        demo.save()
    for reason in reasons[1:]:
        say(f"fault: {reason}")
    if demo and demo.samples and reasons != ["interrupted"]:
        say(demo.sentence())
    if not reasons:
        say("ok")
        return 0
    say(f"FAILED: {first(reasons)}; logs {folder}")
    return 130 if reasons == ["interrupted"] else 1


if __name__ == "__main__":
    ARGS = parse_args()
    sys.exit(sandbox.run(main, ARGS.work, "demo", ARGS.keep))
