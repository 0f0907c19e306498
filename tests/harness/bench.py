#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stock and patched libvirt side by side: what queries cost a migration, and what
they see of it.

Called by scripts/bench. Both variants take turns on the same two hosts with the
same running guest: between two turns the daemons are ended and those of the other
build started. virt-jobstorm is the load and the recorder.
"""

import argparse
import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import libvirt  # noqa: E402

from harness import bench_plan, bench_report, bench_stats, faults, sandbox  # noqa: E402
from harness.bare_guest import BareGuest  # noqa: E402
from harness.bench_phases import PhaseWatch  # noqa: E402
from harness.guest import Guest, GuestFault  # noqa: E402
from harness.host import HostError  # noqa: E402
from harness.sides import Sides  # noqa: E402

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
GUEST = "guest"
VARIANTS = bench_stats.VARIANTS
# Queries per second of each client: no more than two processors can take from 32 of
# them on both hosts, since beyond that latencies only tell how long the run was
RATE = 5
RATE_ALONE = 20     # of a single client
RATE_JOB = 10       # while another job runs, which is soon over
RATE_HOST = 1       # for the statistics of a whole host, which are many
QUERY_TIMEOUT = 30  # s; the time for which stock waits for a job
BANDWIDTH = 24      # MiB/s of a migration ...
BANDWIDTH_HELD = 1  # ... and of one that must not end: less than the guest writes
IDLE_SECONDS = 10
JOB_CLIENTS = 8
LIMIT = 90          # s for one measurement, besides the time that a migration is held
MAX_FAILURES = 5    # in a row

FAILURES = (HostError, GuestFault, libvirt.libvirtError, OSError, TimeoutError,
            subprocess.SubprocessError, ValueError)

IDLE_XML = """
<domain type='qemu'>
  <name>idle{number}</name>
  <memory unit='MiB'>8</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
"""


def say(text):
    print(f"bench: {text}", flush=True)


def rate_of(clients, wide):
    return RATE_HOST if wide else RATE_ALONE if clients == 1 else RATE


class Bench:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.began = time.monotonic()
        self.results = {"format": 1, "settings": settings(args), "complete": False,
                        "seconds": 0, "notes": [], "migrations": [], "held": [], "jobs": []}
        self.raw = os.path.join(args.out, "raw")
        shutil.rmtree(self.raw, ignore_errors=True)
        os.makedirs(self.raw)
        self.count = 0      # of measurements, to name their files
        self.sides = Sides(folder, {"stock": args.stock, "series": args.series}, args.work)
        self.hosts = self.sides.hosts
        self.guest = self.make_guest(GUEST, area=32, disk_mib=32)
        self.disks = [self.guest.disk, self.guest.disk + ".copy"]
        subprocess.run(["qemu-img", "create", "-q", "-f", "raw", self.disks[1], "32M"],
                       check=True)
        self.at = 0         # index of the host that the guest is on
        self.idle = 0       # how many idle domains run on each host

    def make_guest(self, name, area, disk_mib):
        if self.args.guest == "linux":
            return Guest(self.folder, self.args.tools, name, area=area, dirty=2048,
                         disk_mib=disk_mib)
        return BareGuest(self.folder, self.args.tools, name, area=area, disk_mib=disk_mib)

    def elapsed(self):
        return time.monotonic() - self.began

    def note(self, text):
        say(text)
        self.results["notes"].append(text)

    def save(self):
        """Writes down what there is; a run that is killed leaves that."""
        self.results["seconds"] = self.elapsed()
        path = os.path.join(self.args.out, "results.json")
        with open(path + ".new", "w") as file:
            json.dump(self.results, file, indent=1)
        os.replace(path + ".new", path)

    # --- hosts ---

    @property
    def variant(self):
        return self.sides.side

    def switch(self, variant):
        """Has both hosts run the daemon of the other build."""
        if not self.sides.switch(variant):
            return
        self.warm_up()
        if not self.results["settings"].get("libvirt " + variant):
            self.results["settings"]["libvirt " + variant] = dotted(
                self.hosts[0].conn.getLibVersion())

    def warm_up(self):
        """The first queries of a daemon take longer than all that follow."""
        if any(GUEST in (domain.name() for domain in host.conn.listAllDomains())
               for host in self.hosts):
            self.storm("warm-up", "--domain", GUEST, "--clients", "8", "--seconds", "1",
                       *(word for host in self.hosts for word in ("--uri", host.uri)),
                       limit=LIMIT, rate=RATE)

    def want_idle(self, wanted):
        """Has @wanted idle domains run, paused, on both hosts."""
        for host in self.hosts:
            for number in range(self.idle, wanted):
                host.conn.createXML(IDLE_XML.format(number=number),
                                    libvirt.VIR_DOMAIN_START_PAUSED)
            for number in range(wanted, self.idle):
                host.domain(f"idle{number}").destroy()
        self.idle = wanted

    def recover(self):
        """Begins anew after a failure: no guest, no daemon, then all of them."""
        say("starting afresh after a failure")
        for host in self.hosts:
            for number in range(self.idle):
                kill(host.qemu_pid(f"idle{number}"))
            for name in os.listdir(os.path.join(host.folder, "run", "qemu")):
                if name.endswith(".pid"):
                    kill(host.qemu_pid(name[:-4]))
            if host.daemon:
                host.kill_daemon()
        time.sleep(1)
        # A failed change of daemons may have left one of each.
        self.sides.forget()
        self.sides.switch("stock")
        for host in self.hosts:
            for domain in faults.within(30, host.conn.listAllDomains, "list"):
                if domain.isActive():
                    faults.within(30, domain.destroy, "destroy")
                if domain.isPersistent():
                    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
                                         | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
        self.idle = 0
        self.at = 0
        faults.within(LIMIT, lambda: self.guest.start(self.hosts[0]), "start of the guest")

    # --- what all measurements need ---

    def storm(self, name, *args, limit, rate):
        """Runs virt-jobstorm; its files are NAME.json and NAME.csv. Returns what it says
        and what it has recorded."""
        with self.start_storm(name, *args, rate=rate) as process:
            try:
                process.wait(limit)
            except BaseException:
                process.kill()
                raise
        return self.outcome(name)

    def start_storm(self, name, *args, rate):
        base = os.path.join(self.raw, name)
        with open(base + ".log", "w") as log:
            return subprocess.Popen(
                [os.path.join(self.args.tools, "virt-jobstorm"), "--quiet", "--rate", str(rate),
                 "--query-timeout", str(QUERY_TIMEOUT), "--json", base + ".json",
                 "--timeline", base + ".csv", *args], stdout=log, stderr=log)

    def outcome(self, name):
        base = os.path.join(self.raw, name)
        try:
            with open(base + ".json") as file:
                result = json.load(file)
            with open(base + ".csv", newline="") as file:
                return result, list(csv.DictReader(file))
        except FileNotFoundError as error:
            with open(base + ".log") as log:
                raise HostError(f"virt-jobstorm has no results: {log.read()[-300:]}") from error

    @contextlib.contextmanager
    def asking_another(self, name, clients, where):
        """Has clients on each host that is queried ask an idle domain meanwhile."""
        with self.start_storm(name, "--domain", "idle0", "--clients", str(clients),
                              "--seconds", str(LIMIT),
                              *(word for host in self.queried(where)
                                for word in ("--uri", host.uri)),
                              rate=RATE) as process:
            try:
                time.sleep(0.5)
                yield
                process.send_signal(signal.SIGINT)
                process.wait(LIMIT / 3)
            except BaseException:
                process.kill()
                raise
        _, rows = self.outcome(name)
        if not any(row["outcome"] == "ok" for row in rows):
            raise HostError("no query of another domain was answered")

    def ends(self):
        """The host that has the guest, and the one that it moves to next"""
        return {"source": self.hosts[self.at], "destination": self.hosts[1 - self.at]}

    def queried(self, where):
        return [host for end, host in self.ends().items() if where in (end, "both")]

    def new_name(self, part):
        self.count += 1
        return f"{self.count:04d}-{self.variant}-{''.join(filter(str.isalnum, part.name))}"

    def migrate(self, name, part, clients, where, *args, limit=LIMIT, wide=0):
        """Migrates the guest to the other host. Returns what all samples of migrations
        have in common."""
        ends, queried = self.ends(), self.queried(where)
        command = ["--domain", GUEST, "--from", ends["source"].uri,
                   "--migrate", ends["destination"].uri, "--rounds", "1",
                   "--clients", str(clients), "--heartbeat", self.guest.console,
                   "--round-timeout", str(limit - 20), *args]
        command += [word for host in queried for word in ("--uri", host.uri)]
        if wide:
            command.append("--all-domains")
        used = cpu_ms(self.hosts)
        with PhaseWatch(self.hosts, GUEST) as watch:
            result, rows = self.storm(name, *command, limit=limit, rate=rate_of(clients, wide))
        used = dict(zip((host.name for host in self.hosts),
                        (after - before for before, after in zip(used, cpu_ms(self.hosts)))))
        row = result["rounds"][0] if result["rounds"] else {"error": "no migration began"}
        if row["error"]:
            raise HostError(f"a migration failed: {row['error']}")
        self.at = 1 - self.at
        self.guest.raise_faults()
        begin = row["start_ms"] / 1000
        rows = bench_stats.during(rows, begin, begin + row["total_ms"] / 1000)
        return {
            "part": part.name, "variant": self.variant, "name": name, "error": None,
            "start_s": begin, "total_ms": row["total_ms"], "downtime_ms": row["downtime_ms"],
            "silence_ms": row["heartbeat"]["silence_ms"] if row["heartbeat"] else None,
            "cpu_ms": {end: used[host.name] for end, host in ends.items()},
            "hosts": {end: row[end] for end in ends},
            # seconds since the run of virt-jobstorm began, as in its timeline
            "phases": [{"at_s": round(when - result["clock_ms"] / 1000, 4), "phase": phase,
                        "end": next(end for end in ends if ends[end].name == host)}
                       for when, host, phase in watch.changes],
            "events": [{"at_s": event["at_ms"] / 1000, "event": event["event"].lower(),
                        "end": next((end for end in ends if row[end] == event["host"]), "")}
                       for event in row["events"]],
            **{end: bench_stats.queries([query for query in rows if query["host"] == row[end]],
                                        QUERY_TIMEOUT * 1000)
               if clients and where in (end, "both") else None for end in ends},
        }

    # --- the measurements, each of one variant ---

    def measure_migration(self, part, number):
        """There and back"""
        self.want_idle(max(part.wide - 1, int(part.other)))
        for direction in ("there", "back"):
            flags = ["live", "persistent", "unsafe"]
            args = ["--param", f"bandwidth={BANDWIDTH}"]
            if part.p2p:
                flags.append("p2p")
            if part.storage:
                flags.append("copy-storage-all")
                args += ["--param", "dest-xml=" + self.destination_xml()]
            if part.nowait:
                args.append("--nowait")
            name = self.new_name(part)
            with (self.asking_another(name + "-other", part.clients, part.where) if part.other
                  else contextlib.nullcontext()):
                sample = self.migrate(name, part, 0 if part.other else part.clients, part.where,
                                      "--flags", ",".join(flags), *args, wide=part.wide)
            self.results["migrations"].append(
                {**sample, "round": number, "direction": direction})

    def measure_held(self, part, number):
        self.want_idle(max(part.wide - 1, 0))
        name = self.new_name(part)
        source, destination = self.hosts[self.at], self.hosts[1 - self.at]
        trouble = []

        def release():
            try:
                source.connect().lookupByName(GUEST).migrateSetMaxSpeed(1024)
            except libvirt.libvirtError as error:
                trouble.append(f"a held migration could not be released: {error}")

        timer = threading.Timer(part.hold, release)
        timer.start()
        try:
            sample = self.migrate(
                name, part, 1, "destination" if part.wide else "both",
                "--flags", "live,persistent,unsafe", "--param", f"bandwidth={BANDWIDTH_HELD}",
                limit=part.hold + LIMIT, wide=part.wide)
        finally:
            timer.cancel()
            timer.join()
            for text in trouble:
                self.note(text)
        if sample["total_ms"] < part.hold * 1000:
            raise HostError(f"a migration was to be held for {part.hold} s, and took "
                            f"{sample['total_ms'] / 1000:.0f} s")
        _, rows = self.storm(
            name + "-idle", "--uri", destination.uri, "--domain", GUEST, "--clients", "1",
            "--seconds", str(IDLE_SECONDS), *(["--all-domains"] if part.wide else []),
            limit=LIMIT, rate=rate_of(1, part.wide))
        self.results["held"].append({
            **sample, "round": number, "hold_s": part.hold,
            "idle": bench_stats.queries(rows, QUERY_TIMEOUT * 1000)})

    def measure_job(self, part, number):
        """Latency of queries while another job runs, on a guest of its own"""
        self.want_idle(0)
        name = self.new_name(part)
        host = self.hosts[0]
        guest = self.make_guest("job" + name[:4], area=256, disk_mib=128)
        guest.start(host)
        error = None
        with self.start_storm(name, "--uri", host.uri, "--domain", guest.name, "--clients",
                              str(JOB_CLIENTS), "--seconds", str(LIMIT),
                              rate=RATE_JOB) as process:
            try:
                time.sleep(0.5)
                began = time.monotonic()
                try:
                    JOBS[part.job](host.connect().lookupByName(guest.name), guest.folder)
                except libvirt.libvirtError as fault:
                    error = str(fault)
                took = time.monotonic() - began
                process.send_signal(signal.SIGINT)
                process.wait(LIMIT / 3)
            except BaseException:
                process.kill()
                raise
        result, rows = self.outcome(name)
        begin = began - result["clock_ms"] / 1000
        rows = bench_stats.during(rows, begin, begin + took)
        domain = host.domain(guest.name)
        if domain.isActive():
            guest.raise_faults()
            domain.destroy()
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
        shutil.rmtree(guest.folder)
        self.results["jobs"].append({
            "part": part.name, "variant": self.variant, "round": number, "name": name,
            "error": error, "took_ms": took * 1000,
            "host": bench_stats.queries(rows, QUERY_TIMEOUT * 1000)})

    def destination_xml(self):
        """A file with the guest's XML, the disk of which is the other one"""
        path = os.path.join(self.folder, "destination.xml")
        xml = self.hosts[self.at].domain(GUEST).XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
        old, new = self.disks if f"'{self.disks[0]}'" in xml else reversed(self.disks)
        with open(path, "w") as file:
            file.write(xml.replace(f"'{old}'", f"'{new}'"))
        return path

    # --- all ---

    def measure(self, part, number):
        """Measures the part with either variant, which take turns in going first. Returns
        whether both could be measured."""
        function = {"migration": self.measure_migration, "held": self.measure_held,
                    "job": self.measure_job}[part.kind]
        good = True
        for variant in VARIANTS if number % 2 == 0 else reversed(VARIANTS):
            try:
                faults.within(2 * LIMIT, lambda v=variant: self.switch(v), "new daemons")
                faults.within(part.seconds + 3 * LIMIT, lambda: function(part, number),
                              "the measurement")
            except FAILURES as error:
                good = False
                self.note(f"FAILED: {variant}, {part.name}: {error}")
                self.recover()
        return good

    def run(self):
        """Measures all that is wanted. Returns whether all of it could be."""
        found = bench_plan.choose(bench_plan.parts(self.args.quick), self.args.only)
        turns = bench_plan.turns(found, self.args.rounds, self.args.quick)
        self.switch("stock")
        self.guest.start(self.hosts[0])
        say(f"guest up after {self.elapsed():.0f} s; {len(found)} things to measure in "
            f"{len(turns)} turns")
        failures, left_out, complete = 0, [], True
        for count, (part, number) in enumerate(turns, 1):
            if self.elapsed() + 2 * part.seconds > self.args.minutes * 60:
                left_out.append(part.name)
                continue
            if self.measure(part, number):
                failures = 0
            else:
                failures += 1
                complete = False
            self.save()
            say(f"{self.elapsed():4.0f} s  {count}/{len(turns)}  {part.name}")
            if failures == MAX_FAILURES:
                self.note(f"{failures} failures in a row: given up")
                return False
        if left_out:
            self.note(f"{len(left_out)} of {len(turns)} turns did not fit into "
                      f"{self.args.minutes:g} minutes: " + "; ".join(dict.fromkeys(left_out)))
        self.guest.check_alive()
        return complete and not left_out


def kill(pid):
    if pid:
        os.kill(pid, signal.SIGKILL)


def dotted(version):
    return f"{version // 1000000}.{version // 1000 % 1000}.{version % 1000}"


def first_match(path, prefix):
    """What follows @prefix in the first line of the file that begins so"""
    with open(path) as file:
        for line in file:
            if line.startswith(prefix):
                return line[len(prefix):].strip(" \t:=\"\n")
    return "?"


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    return done.stdout.strip().partition("\n")[0] or "?"


def cpu_ms(hosts):
    """CPU milliseconds that each daemon has used"""
    used = []
    for host in hosts:
        with open(f"/proc/{host.daemon.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        used.append(1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return used


def machine():
    """The machine and the versions, as the report tells them"""
    quiet = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    memory = int(first_match("/proc/meminfo", "MemTotal").split()[0]) / (1 << 20)
    dirty = ", with changes" if output("git", "-C", TOP, "status", "--porcelain") != "?" else ""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "processors": f"{len(os.sched_getaffinity(0))} x "
                      + first_match("/proc/cpuinfo", "model name"),
        "memory": f"{memory:.1f} GiB",
        "load before": f"{quiet} (1, 5, 15 minutes)",
        "system": first_match("/etc/os-release", "PRETTY_NAME") + ", Linux " + os.uname().release,
        "QEMU": output("qemu-system-x86_64", "--version"),
        "this repository": output("git", "-C", TOP, "rev-parse", "--short=12", "HEAD") + dirty,
        "acceleration": "none (TCG)",
    }


def settings(args):
    """What the report tells of the machine and of how it was measured"""
    guest = ("bare guest (tests/guest/bare): 32 MiB of which 512 pages a second are rewritten"
             if args.guest == "bare" else
             "Linux guest (tests/guest): 32 MiB of which 2 MiB a second are rewritten")
    return {
        **machine(),
        "guest": guest + ", 1 virtual processor, a disk of 32 MiB",
        "guest of the other jobs": "the same with 256 MiB and a disk of 128 MiB",
        "bandwidth of a migration": f"{BANDWIDTH} MiB/s; held: {BANDWIDTH_HELD} MiB/s until it "
                                    "is released",
        "queries": f"domstats; {RATE} a second and client, {RATE_ALONE} if there is but one, "
                   f"{RATE_JOB} while another job runs, {RATE_HOST} for the statistics of a "
                   "whole host",
        "idle domains": "19 paused ones on each host where it says 20 domains, and one where "
                        "the clients ask another domain",
        "options": (f"{'--quick ' if args.quick else ''}--rounds {args.rounds} "
                    f"--minutes {args.minutes:g}"
                    + "".join(f" --only '{name}'" for name in args.only)
                    + (f" --guest {args.guest}" if args.guest != "bare" else "")),
        "quick": args.quick,
    }


def job_dump(domain, folder):
    domain.coreDumpWithFormat(os.path.join(folder, "dump"),
                              libvirt.VIR_DOMAIN_CORE_DUMP_FORMAT_RAW, libvirt.VIR_DUMP_LIVE)


def job_backup(domain, folder):
    domain.backupBegin(f"""
        <domainbackup><disks><disk name='vda' type='file'>
          <target file='{folder}/backup'/><driver type='qcow2'/>
        </disk></disks></domainbackup>""", None, 0)
    while domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
        time.sleep(0.05)


def job_snapshot(domain, folder):
    domain.snapshotCreateXML(f"""
        <domainsnapshot><name>s</name>
          <memory snapshot='external' file='{folder}/memory'/>
          <disks><disk name='vda' snapshot='external'><source file='{folder}/overlay'/></disk>
          </disks></domainsnapshot>""", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE)


def job_save(domain, folder):
    domain.saveFlags(os.path.join(folder, "save"), None, 0)


JOBS = {"dump": job_dump, "backup": job_backup, "snapshot": job_snapshot, "save": job_save}


def parse_args():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--stock", help="build tree of unpatched libvirt")
    parser.add_argument("--series", help="build tree of libvirt with the series")
    parser.add_argument("--tools", help="folder with our tools and the guest")
    parser.add_argument("--work", help="folder for the run's files")
    parser.add_argument("--out", help="folder for the report")
    parser.add_argument("--quick", action="store_true", help="few configurations")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="only what is called so, or else has this in its name")
    parser.add_argument("--rounds", type=int, default=0,
                        help="how often each is measured (default 3, with --quick 2)")
    parser.add_argument("--minutes", type=float, default=0,
                        help="begin nothing that takes longer (default 55, with --quick 9)")
    parser.add_argument("--guest", choices=("bare", "linux"), default="bare")
    parser.add_argument("--list", action="store_true", help="list what there is to measure")
    parser.add_argument("--report", action="store_true",
                        help="write the report of what is in --out anew")
    args = parser.parse_args()
    args.minutes = args.minutes or (9 if args.quick else 55)
    args.rounds = args.rounds or (2 if args.quick else 3)
    if args.rounds < 1:
        parser.error("--rounds takes a number of 1 or more")
    try:
        bench_plan.choose(bench_plan.parts(args.quick), args.only)
    except ValueError as error:
        parser.error(str(error))
    return args


def main(folder):
    libvirt.registerErrorHandler(lambda *_: None, None)
    bench = None
    try:
        bench = Bench(ARGS, folder)
        bench.results["complete"] = bench.run()
    except sandbox.Interrupted:
        say("interrupted; the report is of what there is")
        if bench:
            bench.results["notes"].append("interrupted")
    except FAILURES as error:
        say(f"FAILED: {error}; logs {folder}")
        if bench:
            bench.results["notes"].append(f"FAILED: {error}")
    if not bench or not any(bench.results[kind] for kind in ("migrations", "held", "jobs")):
        say("FAILED: nothing was measured")
        return 1
    bench.save()
    path = bench_report.write(ARGS.out, bench.results)
    complete = bench.results["complete"]
    say(f"{'ok' if complete else 'incomplete'}: {path}")
    return 0 if complete else 1


if __name__ == "__main__":
    ARGS = parse_args()
    if ARGS.list:
        print("\n".join(part.name for part in bench_plan.parts(ARGS.quick)))
        sys.exit(0)
    if ARGS.report:
        try:
            with open(os.path.join(ARGS.out, "results.json")) as saved:
                say("ok: " + bench_report.write(ARGS.out, json.load(saved)))
        except FileNotFoundError as missing:
            sys.exit(f"bench: no results: {missing}")
        sys.exit(0)
    sys.exit(sandbox.run(main, ARGS.work, "bench"))
