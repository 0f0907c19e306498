#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures which calls are answered in each phase of a migration, and in each stretch of
the other async jobs, on stock libvirt and with the series. For tests/test_availability.py.

For each build and kind of migration a process of its own (--unit) runs two
hosts. A phase is held on three guests at once (harness/phases.py), so that no
call is measured after one that changes what it finds:

    queries     all calls that change nothing, at once, each on a connection of
                its own; then a suspend, then a domjobabort
    destroy     on the source
    destroy     on the destination

A call that has not come back after a limit counts as one that waits. What comes
after one that may stand in its way is asked for again where the phase is held
anew. All other async jobs are measured as one kind, whose phases are their stretches
(harness/stretches.py), on one host.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
import time
import traceback

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, TESTS)

import libvirt  # noqa: E402
import libvirt_qemu  # noqa: E402

from harness import availability_report as report  # noqa: E402
from harness import jobs, phases, sandbox, stretches  # noqa: E402
from harness.host import HostError  # noqa: E402
from harness.scenario import Failure, Test, is_stock  # noqa: E402

HOSTS = ("source", "destination")
# The kind that stands for the async jobs that are no migration
JOBS = "jobs"

# Seconds
LIMIT = 3               # after which a call counts as one that waits
SWITCHOVER_LIMIT = 5    # in a switchover, where the series has queries wait on the source
DESTROY_LIMIT = 13      # libvirt kills a QEMU that does not end after 10
UNIT_TIMEOUT = 120      # for each phase or stretch

# Phases that are held at a time on each build
TEAMS = 2

# Each call is measured by itself: none may wait for a worker. All workers are there
# from the start as on stock 9.0.0 their number does not grow while calls are queued.
LIBVIRTD_CONF = "min_workers = 64\nmax_workers = 64\n"

# A guest that does little, so that many can be held at a time
AREA = 32
MEMORY_KIB = (AREA + 96) << 10
# What is measured unless all of it is asked for: each phase of the kind that has most. Those
# of the others take minutes more.
MAIN = {
    "direct": ("begin", "begun", "prepared", "connect", "memory", "switchover",
               "switchover-answer", "performed", "finished", "source-end", "aborted"),
}

STATS_WANTED = ("balloon.rss", "block.0.rd.reqs")


def add_nic(guest, mac):
    """Gives @guest a network card that calls can ask for."""
    guest.mac = mac
    kind = "ethernet" if os.path.exists("/dev/net/tun") else "user"
    guest.xml = guest.xml.replace(
        "</devices>", f"<interface type='{kind}'><mac address='{mac}'/>"
        "<model type='e1000'/></interface></devices>")


def no_ipv6():
    """With a guest's NIC that has an address of IPv6 only, a daemon that starts finds no
    address of IPv4 to listen on."""
    with contextlib.suppress(FileNotFoundError):
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w") as file:
            file.write("1")


class Partial(Exception):
    """An answer that lacks what an idle domain's has"""


def _domstats(domain):
    records = domain.connect().domainListGetStats([domain])
    missing = [name for name in STATS_WANTED if not records or name not in records[0][1]]
    if missing:
        raise Partial(f"an answer without {', '.join(missing)}")


# --- calls -------------------------------------------------------------------

QUERIES = {
    "domstats": _domstats,
    "dominfo": lambda domain: domain.info(),
    "domblkstat": lambda domain: domain.blockStats("vda"),
    "domifstat": lambda domain: domain.interfaceStats(domain.mac),
    "dommemstat": lambda domain: domain.memoryStats(),
    "domjobinfo": lambda domain: domain.jobStats(),
    "vcpuinfo": lambda domain: domain.vcpus(),
    "dumpxml": lambda domain: domain.XMLDesc(),
    "domblkinfo": lambda domain: domain.blockInfo("vda"),
    "qemu-monitor-command": lambda domain: libvirt_qemu.qemuMonitorCommand(
        domain, '{"execute": "query-status"}', 0),
}
# These change nothing that a held phase depends on.
HARMLESS = {
    "migrate-setmaxdowntime": lambda domain: domain.migrateSetMaxDowntime(300),
    "migrate-setspeed": lambda domain: domain.migrateSetMaxSpeed(1),
    "set-memory": lambda domain: domain.setMemoryFlags(MEMORY_KIB,
                                                       libvirt.VIR_DOMAIN_AFFECT_LIVE),
}
LAST = {
    "suspend": lambda domain: domain.suspend(),
    "domjobabort": lambda domain: domain.abortJob(),
    "destroy": lambda domain: domain.destroy(),
}
CALLS = {**QUERIES, **HARMLESS, **LAST}


def limit_of(call, phase, host):
    if call == "destroy":
        return DESTROY_LIMIT
    switchover = phase.startswith("switchover") and host == "source"
    return SWITCHOVER_LIMIT if switchover else LIMIT


class Ask:
    """A call for a guest that is under way in a thread of its own."""

    def __init__(self, host, guest, call, limit):
        self.what = f"{call} on {host.name}"
        self.limit = limit
        self.result = None
        conn = host.connect()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, args=(conn, guest, call), daemon=True)
        self._thread.start()

    def _run(self, conn, guest, call):
        verdict, code, text = "answered", 0, ""
        try:
            domain = conn.lookupByName(guest.name)
            domain.mac = guest.mac
            CALLS[call](domain)
        except libvirt.libvirtError as error:
            verdict, code, text = "refused", error.get_error_code(), str(error)
            if call == "destroy" and code == libvirt.VIR_ERR_OPERATION_INVALID:
                # It has ended before the destroy got its turn, perhaps because the
                # destroy had killed QEMU: what was asked for.
                verdict = "answered"
        except Partial as error:
            verdict, text = "refused", str(error)
        self.result = {"verdict": verdict, "seconds": round(time.monotonic() - self._began, 3),
                       "code": code, "text": text}

    def wait(self):
        """Returns the result, or that it waits."""
        self._thread.join(max(self._began + self.limit - time.monotonic(), 0))
        return self.result or {"verdict": "waits", "seconds": self.limit, "code": 0, "text": ""}

    def drain(self, timeout):
        """Waits until the call is over, however it ends."""
        self._thread.join(max(timeout, 0))
        return not self._thread.is_alive()


# --- one build and kind, in a sandbox ----------------------------------------

@dataclasses.dataclass
class Role:
    """What is asked for on one of the guests in a phase"""
    name: str
    calls: tuple
    hosts: tuple = HOSTS


class Team:
    """Three guests on which a phase is held at once."""

    def __init__(self, unit, number):
        self.unit = unit
        roles = [Role("queries", (*QUERIES, *HARMLESS, "suspend", "domjobabort")),
                 Role("destroy", ("destroy",), ("source",)),
                 Role("destroy", ("destroy",), ("destination",))]
        self.roles = [role for role in roles if set(role.calls) & set(unit.calls)]
        self.guests = [phases.make_guest(unit.t, unit.kind, name=f"guest{number}{index}",
                                         area=AREA, dirty=256, verify=32, disk_rate=4)
                       for index in range(len(self.roles))]
        for guest in self.guests:
            add_nic(guest, f"52:54:00:00:0{number}:0{self.guests.index(guest)}")
        with concurrent.futures.ThreadPoolExecutor(len(self.guests)) as pool:
            list(pool.map(self._boot, self.guests))

    def _boot(self, guest):
        domain = guest.start(self.unit.t.alpha)
        guest.image = os.path.join(guest.folder, "saved")
        if self.unit.kind.paused:
            domain.suspend()
        domain.save(guest.image)
        guest.intact = False

    def _restore(self, guest):
        """The guest runs on the source only: as an earlier phase has left it, or as
        it was after its boot."""
        t = self.unit.t
        with contextlib.suppress(libvirt.libvirtError):
            t.beta.connect().lookupByName(guest.name).destroy()
        conn = t.alpha.connect()
        domain = conn.lookupByName(guest.name)
        if domain.isActive() and guest.intact:
            if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED and not self.unit.kind.paused:
                domain.resume()
        else:
            with contextlib.suppress(libvirt.libvirtError):
                domain.destroy()
            conn.restore(guest.image)
        guest.intact = False
        domain.migrateSetMaxSpeed(1 << 20)

    def measure(self, phase, skipped=()):
        """Returns the results: {host: {call: result}}."""
        found = {host: {} for host in HOSTS}
        asked = []
        roles = [role for role in self.roles if role.name not in skipped]
        self._round(phase, roles, found, asked)
        # What was not asked for since another call was in the way
        left = [call for role in roles for call in role.calls
                if call in self.unit.calls and call not in found["source"]]
        if left and roles[0].name == "queries":
            self._round(phase, [Role(call, (call,)) for call in left], found, asked)
        # A call that waits for a job may do so for 30 s, its domain gone or not: it
        # is left to itself.
        deadline = time.monotonic() + 1
        stuck = [ask.what for ask in asked if not ask.drain(deadline - time.monotonic())]
        if stuck:
            self.unit.t.log(f"{phase.name}: still waiting after its end: {', '.join(stuck)}")
        return found

    @staticmethod
    def _in_the_way(found):
        """Is there a call on the source that may be waiting inside of QEMU's monitor?
        One that modifies never gets that far."""
        return any(result["verdict"] == "waits" and call != "set-memory"
                   for call, result in found["source"].items() if call != "destroy")

    def _round(self, phase, roles, found, asked):
        """Holds a phase on a guest for each of the roles, and asks."""
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            held = self._hold(stack, phase, self.guests[:len(roles)])
            reached = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(len(held)) as pool:
                for future in [pool.submit(self._ask, phase, role, m, found, asked)
                               for role, m in zip(roles, held)]:
                    future.result()
            measured = time.monotonic()
        self.unit.t.log(f"{phase.name}: reached in {reached - began:.1f} s, measured in "
                        f"{measured - reached:.1f} s, ended in {time.monotonic() - measured:.1f} s")

    def _hold(self, stack, phase, guests):
        """Holds the phase on all @guests at once."""
        def reach(guest):
            self._restore(guest)
            m = phases.Migration(self.unit.t, self.unit.kind, guest)
            stack.callback(self._end, m)
            phase.reach(m)
            return m

        with concurrent.futures.ThreadPoolExecutor(len(guests)) as pool:
            held = list(pool.map(reach, guests))
        if phase.restarts:
            phases.restart_daemon(getattr(held[0], phase.restarts))
        return held

    @staticmethod
    def _end(m):
        m.let_go()
        m.hurry()   # one of the calls has set a bandwidth
        m.end(keep=True)
        m.guest.intact = m.is_back()

    def _ask(self, phase, role, m, found, asked):
        before = m.job(m.source), m.job(m.destination)

        def ask(hosts, calls):
            asks = [(host, call, Ask(getattr(m, host), m.guest, call,
                                     limit_of(call, phase.name, host)))
                    for call in calls if call in self.unit.calls for host in hosts]
            asked.extend(each for _, _, each in asks)
            return asks

        def gather(asks):
            for host, call, each in asks:
                found[host][call] = each.wait()

        if role.name != "queries":
            gather(ask(role.hosts, role.calls))
            return
        asks = ask(HOSTS, [call for call in role.calls if call not in LAST])
        # There a call waits at worst, and is in nobody's way.
        asks += ask(["destination"], ["suspend"])
        gather(asks)
        if not phase.restarts and (m.job(m.source), m.job(m.destination)) != before:
            raise phases.NotHeld(f"{phase.name} was left meanwhile: {before} before, "
                                 f"{m.job(m.source), m.job(m.destination)} after the queries")
        if not self._in_the_way(found):
            gather(ask(["source"], ["suspend"]))
        if not self._in_the_way(found):
            gather(ask(HOSTS, ["domjobabort"]))


class Unit:
    """All phases of one kind of migration on one build."""

    def __init__(self, args, folder):
        self.kind = phases.KINDS[args.kind]
        self.calls = tuple(CALLS)
        self.t = Test(folder, args.build, args.tools, lambda _build: args.cache, sys.stdout)
        self.t.libvirtd_conf = LIBVIRTD_CONF
        phases.prepare_hosts(self.t, [self.kind])
        self.results = {}
        self.crashes = []
        self._lock = threading.Lock()
        self._alone = threading.Lock()
        wanted = [phase for phase in phases.PHASES.values()
                  if phase.name in args.phase and not phase.missing(self.kind)]
        self.alone = [phase for phase in wanted if phase.restarts]
        self.queue = queue.Queue()
        for phase in wanted:
            if not phase.restarts:
                self.queue.put(phase)

    def run(self, teams):
        no_ipv6()
        self.t.alpha, self.t.beta  # pylint: disable=pointless-statement
        with concurrent.futures.ThreadPoolExecutor(teams) as pool:
            made = list(pool.map(lambda number: Team(self, number), range(teams)))
            list(pool.map(self._work, made))
        for phase in self.alone:
            self._measure(made[0], phase)
        return {"phases": self.results, "crashes": self.crashes}

    def _work(self, team):
        while True:
            try:
                phase = self.queue.get_nowait()
            except queue.Empty:
                return
            self._measure(team, phase)

    def _measure(self, team, phase):
        """Measures a phase; tried again if it could not be held, or if a daemon of
        stock crashed, as it may when a domain that migrates is destroyed."""
        skipped, tries = (), 0
        while True:
            began = time.monotonic()
            # With no other phase under way, a crash tells where it belongs.
            alone = bool(self.crashes)
            with self._alone if alone else contextlib.nullcontext():
                try:
                    result = {"found": team.measure(phase, skipped)}
                except (phases.NotHeld, HostError, libvirt.libvirtError, OSError) as error:
                    traceback.print_exc(file=sys.stdout)
                    result = {"error": f"{type(error).__name__}: {error}"}
                died = self.raise_dead()
            self.t.log(f"{phase.name}: {time.monotonic() - began:.1f} s "
                       f"{result.get('error', 'measured')}")
            if died and self.t.stock and not skipped:
                skipped = ("destroy",) if alone else ()
            elif died:
                result = {"error": self.crashes[-1]}
                break
            elif "found" in result or tries:
                break
            else:
                tries += 1
        if "found" in result:
            for call in skipped:
                for calls in result["found"].values():
                    calls[call] = {"verdict": "crash", "seconds": 0, "code": 0, "text": ""}
        self.results[phase.name] = result

    def raise_dead(self):
        """Starts daemons that have died. Returns whether there were any."""
        with self._lock:
            deaths = self.t.raise_dead()
            self.crashes += deaths
            return bool(deaths)


class JobsTest(Test):
    """Whose guests have a network card that calls can ask for"""

    def guest(self, **settings):
        guest = super().guest(**settings)
        add_nic(guest, f"52:54:00:00:00:{len(self._guests):02x}")
        return guest


class JobsUnit:
    """All stretches of the async jobs that are no migration, on one build"""

    def __init__(self, args, folder):
        self.t = JobsTest(folder, args.build, args.tools, lambda _build: args.cache, sys.stdout)
        self.t.libvirtd_conf = LIBVIRTD_CONF
        self.names = args.phase
        self.crashes = []
        # Before the first host is started
        jobs.programs(self.t)

    def run(self):
        no_ipv6()
        return {"phases": {name: self._measure(stretches.STRETCHES[name])
                           for name in self.names},
                "crashes": self.crashes}

    def _measure(self, stretch):
        found, asked = {}, []
        if self.t.alpha.conn.getLibVersion() < stretch.since:
            major, minor = divmod(stretch.since // 1000, 1000)
            return {"missing": f"no {stretch.name} before libvirt {major}.{minor}.0"}
        try:
            with stretch.hold(self.t) as job:
                self._ask(job, found, asked, [*QUERIES, *HARMLESS])
                if not job.is_open():
                    raise phases.NotHeld(f"{stretch.name} was left meanwhile")
            # No call that still waits is in the way of these.
            with stretch.hold(self.t) as job:
                for call in ("suspend", "domjobabort"):
                    self._ask(job, found, asked, [call])
            with stretch.hold(self.t) as job:
                self._ask(job, found, asked, ["destroy"])
        except (phases.NotHeld, Failure, HostError, libvirt.libvirtError, OSError) as error:
            traceback.print_exc(file=sys.stdout)
            return {"error": f"{type(error).__name__}: {error}"}
        finally:
            self.crashes += self.t.raise_dead()
        return {"found": {"host": found}}

    @staticmethod
    def _ask(job, found, asked, calls):
        asks = {call: Ask(job.host, job.guest, call, limit_of(call, "", "host"))
                for call in calls}
        asked += asks.values()
        found.update({call: ask.wait() for call, ask in asks.items()})


def run_unit(args):
    def main(folder):
        libvirt.registerErrorHandler(lambda *_: None, None)
        if args.kind == JOBS:
            results = JobsUnit(args, folder).run()
        else:
            results = Unit(args, folder).run(TEAMS)
        with open(args.unit, "w") as file:
            json.dump(results, file)
        return 0

    return sandbox.run(main, args.work, os.path.basename(args.unit).partition(".")[0], False)


# --- all of them -------------------------------------------------------------

class Availability:
    """Runs the units, compares what they found, and tells it."""

    def __init__(self, builds, tools, work):
        self.builds = builds    # {"stock": build tree, "series": build tree}
        self.tools = tools
        self.work = work
        self.folder = os.path.join(work, "log", "availability")
        os.makedirs(self.folder, exist_ok=True)
        self.processes = set()
        self.units = {}     # kind: {build: results}
        self.notes = []     # what is no fault
        for build, path in builds.items():
            if is_stock(path) != (build == "stock"):
                raise ValueError(f"what is in {path} is not {build}")

    def unit(self, kind, build, names, again):
        """Runs the phases @names of a kind on a build; returns the results."""
        name = f"availability-{build}-{kind}" + ("-again" if again else "")
        base = os.path.join(self.folder, name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{base}.json")
        command = [sys.executable, "-B", os.path.abspath(__file__), "--unit", f"{base}.json",
                   "--parent", str(os.getpid()), "--build", self.builds[build],
                   "--tools", self.tools, "--work", self.work, "--kind", kind,
                   "--phase", *names]
        with open(f"{base}.log", "w") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT)
            self.processes.add(process)
            try:
                process.wait(UNIT_TIMEOUT * max(len(names), 4))
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait()
            self.processes.discard(process)
        try:
            with open(f"{base}.json") as file:
                return json.load(file)
        except (FileNotFoundError, ValueError):
            with open(f"{base}.log", errors="replace") as file:
                last = (file.read().splitlines() or [f"status {process.returncode}"])[-1]
            return {"error": f"{last}; log {base}.log"}

    def pair(self, kind, names, again=False):
        """The results of both builds, measured at the same time"""
        with concurrent.futures.ThreadPoolExecutor(len(self.builds)) as pool:
            try:
                futures = {build: pool.submit(self.unit, kind, build, names, again)
                           for build in self.builds}
                return {build: future.result() for build, future in futures.items()}
            except BaseException:   # an interrupt
                for process in list(self.processes):
                    process.terminate()
                raise

    def missing(self, kind, phase):
        """Why the release has no such phase, or None"""
        return next((part["missing"] for unit in self.units[kind].values()
                     if "missing" in (part := unit.get("phases", {}).get(phase, {}))), None)

    def judge(self, kind, phase):
        """(what is worse, what is told) of one phase"""
        units = self.units[kind]
        found = {}
        for build, unit in units.items():
            part = unit.get("phases", {}).get(phase, unit)
            if "found" not in part:
                return f"not measured on {build}: {part.get('error', 'missing')}", ""
            found[build] = part["found"]
        worse, exempt = report.compare(phase, found["stock"], found["series"])
        return "; ".join(worse), "; ".join(
            [f"{build}: {report.tally(found[build])}" for build in self.builds]
            + [f"on purpose: {text}" for text in exempt])

    def measure(self, kind, names):
        """Measures the phases @names of a kind; what is worse a second time."""
        units = self.units[kind] = self.pair(kind, names)
        failed = [name for name in names
                  if not self.missing(kind, name) and self.judge(kind, name)[0]]
        if failed:
            # What is worse must be so twice: the machine may have been busy.
            self.notes += [f"once more {kind}/{name}: {self.judge(kind, name)[0]}"
                           for name in failed]
            again = self.pair(kind, failed, again=True)
            for name in failed:
                for build in self.builds:
                    if name in again[build].get("phases", {}):
                        if "phases" not in units[build]:
                            units[build] = {**again[build], "phases": {}}
                        units[build]["phases"][name] = again[build]["phases"][name]
        self.notes += [f"crash of {build}: {kind}: {crash}" for build, unit in units.items()
                       for crash in unit.get("crashes", ())]

    def write(self, wanted, markdown, results):
        """Writes the tables to @markdown and all that was measured to @results. @wanted
        are the phases of each kind."""
        told = [part for part in (*phases.PHASES.values(), *stretches.STRETCHES.values())
                if any(part.name in part_names for part_names in wanted.values())]
        kinds, absent = {}, {}
        for kind, units in self.units.items():
            absent[kind] = [(part.name, phases.PHASES[part.name].missing(phases.KINDS[kind]))
                            for part in told if kind != JOBS and part.name not in parts_of(kind)
                            and part.name in phases.PHASES]
            kinds[kind] = {
                part.name: {build: unit.get("phases", {}).get(part.name, {}).get("found")
                            for build, unit in units.items()}
                for part in told
                if part.name in parts_of(kind) and not self.missing(kind, part.name)}
        lines = report.document(
            kinds, {"limit": LIMIT, "switchover": SWITCHOVER_LIMIT, "destroy": DESTROY_LIMIT},
            [(part.name, part.text, part.means) for part in told],
            {kind: "async jobs that are no migration" if kind == JOBS else phases.KINDS[kind].text
             for kind in kinds}, absent)
        for path, text in (
                (markdown or os.path.join(self.folder, "availability.md"), "\n".join(lines) + "\n"),
                (results or os.path.join(self.folder, "availability.json"),
                 json.dumps({"units": self.units, "notes": self.notes}, indent=1) + "\n")):
            with open(path, "w") as file:
                file.write(text)


def parts_of(kind):
    """The names of the phases of a kind of migration, or of the stretches of JOBS"""
    if kind == JOBS:
        return list(stretches.STRETCHES)
    return [name for name, phase in phases.PHASES.items()
            if not phase.missing(phases.KINDS[kind])]


def unable(kind):
    """Why this kind cannot be tried here, or None"""
    if kind != JOBS and phases.KINDS[kind].postcopy:
        done = subprocess.run(
            ["qemu-system-x86_64", "-display", "none", "-machine", "none", "-S",
             "-qmp", "stdio"], text=True, stdout=subprocess.PIPE, check=False,
            input='{"execute": "qmp_capabilities"}\n{"execute": "migrate-set-capabilities", '
                  '"arguments": {"capabilities": [{"capability": "postcopy-ram", '
                  '"state": true}]}}\n{"execute": "quit"}\n')
        if '"error"' in done.stdout:
            return f"QEMU cannot do post-copy here: {done.stdout.strip().splitlines()[-1]}"
    return None


def main():
    """Runs a unit."""
    parser = argparse.ArgumentParser()
    for name in ("--unit", "--build", "--tools", "--work", "--kind"):
        parser.add_argument(name, required=True)
    parser.add_argument("--phase", nargs="+", required=True)
    parser.add_argument("--parent", type=int, required=True)
    args = parser.parse_args()
    args.cache = os.path.join(args.work, "cache",
                              os.path.relpath(args.build, args.work).strip("./").replace("/", "-"))
    sandbox.die_with_parent()
    return 1 if os.getppid() != args.parent else run_unit(args)


if __name__ == "__main__":
    sys.exit(main())
