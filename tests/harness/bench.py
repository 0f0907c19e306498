#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stock and patched libvirt side by side: what queries cost a migration, and what
they see of it.

Called by scripts/bench. Both variants take turns on the same two hosts with the
same running guest: between two rounds the daemons are ended and those of the other
build started. virt-jobstorm is the load and the recorder.
"""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import libvirt  # noqa: E402

from harness import bench_report, sandbox  # noqa: E402
from harness.guest import Guest, GuestFault  # noqa: E402
from harness.host import Host, HostError  # noqa: E402

GUEST = "guest"
VARIANTS = ("stock", "series")
RATE = 10           # queries per second of each client ...
RATE_HOST = 1       # ... and of the statistics of a whole host, which are many
IDLE_DOMAINS = 19   # besides the guest, per host
QUERY_TIMEOUT = 30
JOB_CLIENTS = 8

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


@dataclasses.dataclass(frozen=True)
class Config:
    """What one migration is measured under"""

    clients: int = 0        # on each host that is queried
    where: str = "both"     # source, destination, both
    p2p: bool = False
    storage: bool = False
    domains: int = 1        # 20: statistics of the whole host

    @property
    def name(self):
        return ", ".join((
            f"{self.clients} clients on {self.where}" if self.clients else "no clients",
            "peer-to-peer" if self.p2p else "direct",
            "copied storage" if self.storage else "memory only",
            f"{self.domains} domains" if self.domains > 1 else "1 domain"))


def quick_configs():
    return [Config(), Config(8), Config(8, "destination"), Config(8, p2p=True),
            Config(8, storage=True), Config(8, domains=20)]


def full_configs():
    configs = [Config(clients, where, p2p, storage)
               for p2p in (False, True) for storage in (False, True)
               for clients in (0, 1, 8, 32)
               for where in ("source", "destination", "both") if clients or where == "both"]
    return configs + [Config(8, p2p=p2p, domains=20) for p2p in (False, True)]


def say(text):
    print(f"bench: {text}", flush=True)


class Bench:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.builds = {"stock": args.stock, "series": args.series}
        self.variant = None
        self.began = time.monotonic()
        self.samples = []
        self.jobs = []
        self.raw = os.path.join(args.out, "raw")
        shutil.rmtree(self.raw, ignore_errors=True)
        os.makedirs(self.raw)
        self.hosts = [Host(folder, name, args.stock) for name in ("alpha", "beta")]
        self.guest = Guest(folder, args.tools, GUEST, area=64, dirty=2048, disk_mib=32)
        self.disks = [self.guest.disk, self.guest.disk + ".copy"]
        subprocess.run(["qemu-img", "create", "-q", "-f", "raw", self.disks[1], "32M"],
                       check=True)
        self.at = 0         # index of the host that the guest is on
        self.idle = False   # whether the idle domains run

    def elapsed(self):
        return time.monotonic() - self.began

    # --- hosts ---

    def switch(self, variant):
        """Has both hosts run the daemon of the other build."""
        if self.variant == variant:
            return
        for host in self.hosts:
            cache = os.path.join(host.folder, "cache")
            if self.variant:
                host.end_daemon()
                shutil.copytree(cache, f"{cache}-{self.variant}", dirs_exist_ok=True)
            # What a daemon has learnt about QEMU holds for its own build only.
            if os.path.isdir(f"{cache}-{variant}"):
                shutil.copytree(f"{cache}-{variant}", cache, dirs_exist_ok=True)
            host.build = self.builds[variant]
            host.start()
        self.variant = variant

    def want_idle(self, wanted):
        """Has the idle domains run, paused, on both hosts, or not."""
        if wanted == self.idle:
            return
        for host in self.hosts:
            for number in range(IDLE_DOMAINS):
                if wanted:
                    host.conn.createXML(IDLE_XML.format(number=number),
                                        libvirt.VIR_DOMAIN_START_PAUSED)
                else:
                    host.domain(f"idle{number}").destroy()
        self.idle = wanted

    def cpu(self):
        """CPU seconds that each daemon has used"""
        used = []
        for host in self.hosts:
            with open(f"/proc/{host.daemon.pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            used.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        return used

    # --- one measurement ---

    def storm(self, name, *args, rate=RATE):
        """Starts virt-jobstorm; its files are NAME.json and NAME.csv."""
        base = os.path.join(self.raw, name)
        with open(base + ".log", "w") as log:
            return subprocess.Popen(
                [os.path.join(self.args.tools, "virt-jobstorm"), "--quiet", "--rate", str(rate),
                 "--query-timeout", str(QUERY_TIMEOUT), "--json", base + ".json",
                 "--timeline", base + ".csv", *args], stdout=log, stderr=log)

    def result(self, name):
        with open(os.path.join(self.raw, name + ".json")) as file:
            return json.load(file)

    def migrate(self, config, number, direction):
        """Measures one migration and keeps the sample."""
        source, destination = self.hosts[self.at], self.hosts[1 - self.at]
        name = f"{len(self.samples):04d}-{self.variant}"
        queried = {"source": [source], "destination": [destination],
                   "both": [source, destination]}[config.where]
        flags = ["live", "persistent", "unsafe"]
        args = ["--domain", GUEST, "--from", source.uri, "--migrate", destination.uri,
                "--rounds", "1", "--clients", str(config.clients),
                "--heartbeat", self.guest.console]
        args += [word for host in queried for word in ("--uri", host.uri)]
        if config.p2p:
            flags.append("p2p")
        if config.domains > 1:
            args.append("--all-domains")
        if config.storage:
            flags.append("copy-storage-all")
            args += ["--param", "dest-xml=" + self.destination_xml(source)]
        used = self.cpu()
        status = self.storm(name, *args, "--flags", ",".join(flags),
                            rate=RATE_HOST if config.domains > 1 else RATE).wait(300)
        used = [after - before for before, after in zip(used, self.cpu())]
        result = self.result(name)
        row = result["rounds"][0]
        if not row["error"]:
            self.at = 1 - self.at
        self.samples.append({
            "config": config, "variant": self.variant, "round": number,
            "direction": direction, "name": name, "status": status, "error": row["error"],
            "total_ms": row["total_ms"], "downtime_ms": row["downtime_ms"],
            "silence_ms": row["heartbeat"]["silence_ms"],
            "source": row["source_queries"], "destination": row["destination_queries"],
            "cpu_s": {"source": used[self.hosts.index(source)],
                      "destination": used[self.hosts.index(destination)]},
        })
        self.guest.raise_faults()

    def destination_xml(self, source):
        """A file with the guest's XML, the disk of which is the other one"""
        path = os.path.join(self.folder, "destination.xml")
        xml = source.domain(GUEST).XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
        old, new = self.disks if f"'{self.disks[0]}'" in xml else reversed(self.disks)
        with open(path, "w") as file:
            file.write(xml.replace(f"'{old}'", f"'{new}'"))
        return path

    def measure(self, config, number):
        """There and back with either variant, which take turns in going first."""
        for variant in VARIANTS if number % 2 == 0 else reversed(VARIANTS):
            self.switch(variant)
            self.want_idle(config.domains > 1)
            for direction in ("there", "back"):
                self.migrate(config, number, direction)

    # --- other jobs ---

    def run_jobs(self, number):
        """Latency of queries while each of the other jobs runs, on a guest of its own."""
        self.want_idle(False)
        for variant in VARIANTS:
            self.switch(variant)
            host = self.hosts[0]
            guest = Guest(self.folder, self.args.tools, f"job{number}-{variant}", area=128,
                          dirty=1024, disk_mib=64, disk_rate=20)
            guest.start(host)
            for kind, call in (("dump", job_dump), ("backup", job_backup),
                               ("snapshot", job_snapshot), ("save", job_save)):
                self.run_job(kind, call, host, guest, number)
            host.domain(guest.name).undefineFlags(
                libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)

    def run_job(self, kind, call, host, guest, number):
        name = f"job-{kind}-{self.variant}-{number}"
        process = self.storm(name, "--uri", host.uri, "--domain", guest.name, "--clients",
                             str(JOB_CLIENTS), "--seconds", "300")
        time.sleep(0.5)
        began = time.monotonic()
        error = None
        try:
            call(host.connect().lookupByName(guest.name), guest.folder)
        except libvirt.libvirtError as fault:
            error = str(fault)
        took = time.monotonic() - began
        process.send_signal(signal.SIGINT)
        process.wait(60)
        self.jobs.append({"kind": kind, "variant": self.variant, "round": number,
                          "error": error, "took_ms": took * 1000,
                          "queries": self.result(name)["hosts"][0]["all"]})

    # --- all ---

    def run(self):
        configs = [config for config in (quick_configs() if self.args.quick else full_configs())
                   if self.args.only in config.name]
        rounds = self.args.rounds
        self.switch("stock")
        self.guest.start(self.hosts[0])
        say(f"guest up after {self.elapsed():.0f} s; {len(configs)} configurations, "
            f"{rounds} rounds")
        complete = True
        for number in range(rounds):
            for config in configs:
                if self.elapsed() > self.args.minutes * 60:
                    complete = False
                    break
                self.measure(config, number)
                say(f"{self.elapsed():4.0f} s  round {number + 1}/{rounds}  {config.name}")
            if complete:
                self.run_jobs(number)
        self.guest.check_alive()
        if not complete:
            say(f"out of time after {self.args.minutes} minutes: not all was measured")
        return complete


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


def parse_args():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--stock", required=True, help="build tree of unpatched libvirt")
    parser.add_argument("--series", required=True, help="build tree of libvirt with the series")
    parser.add_argument("--tools", required=True, help="folder with our tools and the guest")
    parser.add_argument("--work", required=True, help="folder for the run's files")
    parser.add_argument("--out", required=True, help="folder for the report")
    parser.add_argument("--quick", action="store_true", help="few configurations")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only configurations with this in their name")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured")
    parser.add_argument("--minutes", type=float, default=0,
                        help="begin nothing more after that (default 50, with --quick 8)")
    args = parser.parse_args()
    args.out = os.path.abspath(args.out)
    args.minutes = args.minutes or (8 if args.quick else 50)
    if args.rounds < 1:
        parser.error("--rounds takes a number of 1 or more")
    return args


def main(folder):
    libvirt.registerErrorHandler(lambda *_: None, None)
    bench = None
    try:
        bench = Bench(ARGS, folder)
        complete = bench.run()
    except sandbox.Interrupted:
        say("interrupted; the report is of what there is")
        complete = False
    except (HostError, GuestFault, libvirt.libvirtError, subprocess.TimeoutExpired) as error:
        say(f"FAILED: {error}; logs {folder}")
        complete = False
    if not bench or not bench.samples:
        say("FAILED: nothing was measured")
        return 1
    path = bench_report.write(ARGS.out, bench.samples, bench.jobs, complete, bench.elapsed())
    say(f"{'ok' if complete else 'incomplete'}: {path}")
    return 0 if complete else 1


if __name__ == "__main__":
    ARGS = parse_args()
    sys.exit(sandbox.run(main, ARGS.work, "bench"))
