# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU of ours sends events twice, late, in another order, at a wrong time, malformed, or
not at all, and replies what is wrong, while a domain has an async job (tests/guest/odd-qemu.c)."""

import contextlib
import json
import os
import re
import time
import typing

import libvirt

from harness import faults, jobs, odd_qemu
from harness.bare_guest import BareGuest
from harness.scenario import Failure, scenario

from .chaos import ERRORS, check_logs

# Seconds
LIST_LIMIT = 5      # for a list; a daemon on an idle machine needs 1
PATIENCE = 6        # for a job to begin, or to end, by itself or after an abort
END_LIMIT = 20      # for the job's call to return after the domain was destroyed
MIB = 1 << 20
NO_JOB = {"type": "none", "async": "none"}      # in a status file

# The events that libvirt 9.0.0 has a handler for. Without those that are true whatever their
# data, or crash stock if they tell of no device.
NAMES = """ACPI_DEVICE_OST BALLOON_CHANGE BLOCK_WRITE_THRESHOLD DEVICE_DELETED DEVICE_UNPLUG_GUEST_ERROR
    DUMP_COMPLETED GUEST_CRASHLOADED JOB_STATUS_CHANGE MEMORY_DEVICE_SIZE_CHANGE MEMORY_FAILURE MIGRATION
    MIGRATION_PASS NIC_RX_FILTER_CHANGED PR_MANAGER_STATUS_CHANGED RDMA_GID_STATUS_CHANGED RTC_CHANGE
    SPICE_CONNECTED SPICE_DISCONNECTED SPICE_INITIALIZED SPICE_MIGRATE_COMPLETED VNC_CONNECTED
    VNC_DISCONNECTED VNC_INITIALIZED VSERPORT_CHANGE""".split()


def event(name, /, **data):
    return json.dumps({"timestamp": {"seconds": 1, "microseconds": 1}, "event": name,
                       "data": data}).encode() + b"\r\n"


# What QEMU says too early, too late, or of something that is not the case
STATUSES = {status: event("MIGRATION", status=status) for status in (
    "none", "setup", "active", "pre-switchover", "device", "postcopy-active", "postcopy-paused",
    "postcopy-recover", "completed", "failed", "cancelling", "cancelled")}
OTHERS = {
    "stop": event("STOP"),
    "resume": event("RESUME"),
    "shutdown": event("SHUTDOWN", guest=True, reason="guest-shutdown"),
    "reset": event("RESET", guest=True, reason="guest-reset"),
    "panic": event("GUEST_PANICKED", action="pause"),
    "dumped": event("DUMP_COMPLETED", result={"status": "completed", "completed": 1, "total": 1}),
    "not-dumped": event("DUMP_COMPLETED", error="odd",
                        result={"status": "failed", "completed": 1, "total": 1}),
    "unplugged": event("DEVICE_DELETED", device="virtio-disk0", path="/machine/virtio-disk0"),
    "io-error": event("BLOCK_IO_ERROR", device="", action="stop", operation="write", nospace=True,
                      reason="odd", **{"node-name": "libvirt-1-format"}),
    "suspend": event("SUSPEND") + event("WAKEUP"),
    "suspend-disk": event("SUSPEND_DISK"),
    **{f"job-{status}": b"".join(event("JOB_STATUS_CHANGE", id=name, status=status) for name in (
        "backup-vda-libvirt-1-format", "create-libvirt-2-format", "create-libvirt-3-format",
        "pull-vda-libvirt-1-format")) for status in ("aborting", "concluded")},
    "others": b"".join((
        event("STOP"), event("RESUME"), event("MIGRATION_PASS", **{"pass": 1 << 30}),
        event("MEMORY_DEVICE_SIZE_CHANGE", id="virtiomem0", size=1 << 40),
        event("DEVICE_UNPLUG_GUEST_ERROR", device="virtio-disk0", path="/machine"),
        event("BALLOON_CHANGE", actual=0), event("RTC_CHANGE", offset=-(1 << 62)),
        event("NIC_RX_FILTER_CHANGED", name="net0"), event("SPICE_MIGRATE_COMPLETED"),
        event("VSERPORT_CHANGE", id="channel0", open=True), event("GUEST_CRASHLOADED"),
        event("DEVICE_TRAY_MOVED", device="virtio-disk0", **{"tray-open": True}),
        event("BLOCK_WRITE_THRESHOLD", **{"node-name": "libvirt-1-format", "write-threshold": 1,
                                          "amount-exceeded": 1}),
        event("DEVICE_DELETED", device="nothing"), event("DEVICE_DELETED", path="/nothing"),
        event("MEMORY_FAILURE", recipient="guest", action="fatal", flags={}))),
}
EARLY = b"".join((*STATUSES.values(), *(OTHERS[name] for name in (
    "dumped", "not-dumped", "job-aborting", "job-concluded", "reset", "suspend", "others"))))
DECISIVE = ("pre-switchover", "postcopy-paused", "completed", "failed", "cancelled")

# Malformed, but the daemon must take no harm from it, nor the job
HARMLESS = b"".join(
    [b'{"event": "%s", "data": %s}\r\n' % (name.encode(), data)
     for name in NAMES
     for data in (b"{}", b"[]", b"null", b"7", b'"text"', b"[{}]", b'{"status": {}, "id": 7, "pass": "x", '
                  b'"result": [], "device": null, "action": [], "node-name": 1, "offset": "x", '
                  b'"info": 1, "client": [], "server": "x", "size": -1, "open": "x"}')]
    + [b'{"event": "%s", "data": {"status": "%s", "id": "x", "device": "%s"}}\r\n'
       % (name, b"s" * MIB, b"d" * 1000) for name in (b"MIGRATION", b"JOB_STATUS_CHANGE")]
    + [b'{"event": "", "data": {}}\r\n', b'{"event": "NO_SUCH"}\r\n',
       b'{"event": "%s", "data": {}}\r\n' % (b"N" * MIB),
       b'{"event": "NO_SUCH", "data": %s%s}\r\n' % (b"[" * 30, b"]" * 30),
       b'{"QMP": {}}\r\n'])

# Stock's daemon crashes, or hears no more of QEMU for long or for ever
# (docs/found-in-stock.md): only tried if asked for by name, ODD_CASES="crash-tray,nul".
KNOWN = {
    "too-long": b'{"event": "%s"}\r\n' % (b"N" * 11 * MIB),
    "nul": b"\0\r\n",
    "crash-no-data": b'{"event": "MIGRATION"}\r\n',
    "crash-panic": b'{"event": "GUEST_PANICKED"}\r\n',
    "crash-io-error": b'{"event": "BLOCK_IO_ERROR", "data": {}}\r\n',
    "crash-tray": b'{"event": "DEVICE_TRAY_MOVED", "data": {}}\r\n',
    "crash-nested": b'{"event": "NO_SUCH", "data": %s%s}\r\n' % (b"[" * MIB, b"]" * MIB),
}

# After this the daemon cannot make out what QEMU says, or has lost it.
BROKEN = {
    "no-json": b"Segmentation fault\r\n",
    "bytes": bytes(range(128, 256)) + b"\r\n",
    "empty": b"\r\n",
    "array": b"[]\r\n",
    "nothing": b"{}\r\n",
    "event-number": b'{"event": 5}\r\n',
    "answer": b'{"return": {}}\r\n',
    "answer-id": b'{"return": [], "id": "libvirt-1"}\r\n',
    "error": b'{"error": {}}\r\n',
    "two-in-one": event("STOP").rstrip() + event("RESUME"),
    "half": event("STOP")[:30] + b"\r\n",
    # 9.0.0 reads this, 11.3.0 no more than 32 levels.
    "nested": b'{"event": "NO_SUCH", "data": %s%s}\r\n' % (b"[" * 1000, b"]" * 1000),
    "half-forever": b"{" + b"x" * MIB,
}

# Commands that async jobs give for themselves, and what is replied to any of them, to a query,
# and to query-migrate
COMMANDS = re.compile("list .*(bitmap|block|cont$|dump|fd|job|migrat|nbd|snapshot|status|stop$|transaction)")
REPLIES = {"error": b'"error": {"class": "GenericError", "desc": "odd"}',
           "array": b'"return": [{}]', "text": b'"return": "odd"'}
TO_QUERY = {"empty": b'"return": {}'}
TO_QUERY_MIGRATE = {status: b'"return": {"status": "%s"}' % status.encode() for status in (
    "odd", "none", "active", "completed", "failed", "cancelled")}


class Case(typing.NamedTuple):
    """What QEMU on host @side does: the first line of odd-qemu's file, and what follows"""
    name: str
    side: str
    first: str
    rest: bytes = b""
    fine: bool = False      # the job must succeed nevertheless
    broken: bool = False    # the monitor is not usable afterwards


def kind_of(base, gap=1500, **sides):
    """The kind of job @base. @sides: the command that begins the job on a host, and texts in the
    events that it waits for; @gap: more than is between two of its events, in ms"""
    return type(base.__name__, (base,), {"sides": sides, "gap": gap})


class Out(jobs.MigrationOut):
    def let_go(self):
        self.domain.migrateSetMaxSpeed(1000)


class Peer(Out, jobs.MigrationPeer):
    pass


class Pull(jobs.BackupPull):
    def let_go(self):
        """It is ended by an abort; one amid its beginning would have it fail."""
        with contextlib.suppress(Failure):
            jobs.Job.wait_end(self, PATIENCE)
        self.domain.abortJob()


MIGRATION = {"alpha": "migrate completed STOP", "beta": "migrate-incoming completed RESUME"}
KINDS = (
    kind_of(Out, **MIGRATION),
    kind_of(Peer, **MIGRATION),
    kind_of(jobs.Save, alpha="migrate completed STOP"),
    kind_of(jobs.DumpMemory, 4000, alpha="dump-guest-memory DUMP_COMPLETED STOP RESUME"),
    kind_of(jobs.SnapshotMemory, alpha="migrate completed STOP RESUME JOB_STATUS_CHANGE"),
    kind_of(Pull, alpha="transaction JOB_STATUS_CHANGE"))


def events(kind, _):
    """All that is tried with the events of a kind of job"""
    for side, words in kind.sides.items():
        command, *lost = words.split()
        full = kind.name == "migrate-out" and side == "alpha"
        yield Case("as-it-is", side, "list", fine=True)
        yield Case("twice", side, "twice", fine=True)
        yield Case("late", side, "late 300")
        yield Case("late-end", side, f"late 300 {' '.join(lost)}", fine=True)
        yield Case("reversed", side, f"reversed {kind.gap}")
        yield from (Case(f"lost-{text}", side, f"lost {text}") for text in lost)
        yield Case("malformed", side, "send now", HARMLESS, fine=True)
        if side == "alpha":
            yield Case("early", side, "send now", EARLY, fine=True)
        near = STATUSES if full else DECISIVE
        for when, names in (("now", (*near, *OTHERS) if full or len(kind.sides) == 1 else near),
                            (f"before {command}", DECISIVE),
                            (f"after {command}", DECISIVE if full else ())):
            for name in names:
                yield Case(f"{name}-{when.partition(' ')[0]}", side, f"send {when}",
                           {**STATUSES, **OTHERS}[name])
        yield from (Case(name, side, "send now", text, fine=True) for name, text in KNOWN.items())
        for name, text in BROKEN.items():
            if full or name in ("no-json", "answer", "half"):
                yield Case(name, side, "send now", text, broken=True)
        for when in ("now", f"before {command}", f"after {command}"):
            yield Case(f"half-end-{when.partition(' ')[0]}", side, f"send {when} end",
                       event("STOP")[:30], broken=True)
        yield Case("answered-before", side, f"send before {command}", b'{"return": {}}\r\n',
                   broken=True)


def replies(kind, acts):
    """The same with the replies to its commands; @acts: what QEMU has done in the last case"""
    for side in kind.sides:
        yield Case("commands", side, "list", fine=True)
        for command in [act[5:] for act in sorted(set(filter(COMMANDS.match, acts)))]:
            yield Case(f"{command}-late", side, f"delay 3000 {command}", fine=True)
            for name, reply in {**REPLIES, **(TO_QUERY if "query" in command else {}),
                                **(TO_QUERY_MIGRATE if command == "query-migrate" else {})}.items():
                times = "each" if name == "error" else "once"
                yield Case(f"{command}-{name}", side, f"reply {times} {command}", reply)


class Run:
    """One case, with a guest that runs on the host alpha"""

    def __init__(self, t, job, case):
        self.t, self.job, self.case = t, job, case
        self.hosts = [t.host(side) for side in job.sides]
        self.control = odd_qemu.control(t.host(case.side))
        self.log = f"{self.control}.log"    # what QEMU has done, a line each
        self.done = []
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.log)

    def tell_qemu(self):
        odd_qemu.tell(self.t.host(self.case.side), self.case.first, self.case.rest)

    def told(self):
        return not os.path.exists(self.control)

    def take_back(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.control)

    def wait(self, condition, limit=PATIENCE):
        with contextlib.suppress(Failure):
            self.t.wait(condition, limit, "")

    def end(self, limit):
        """Has the job come to its end? And its error"""
        try:
            return True, self.job.wait_end(limit)
        except Failure:
            return False, None

    def may_fail(self, what, call, limit=40):
        """The error of @call, which must come back"""
        try:
            self.t.timed(limit, call, f"  {what}")
            return None
        except (libvirt.libvirtError, SystemError) as error:
            # The latter is python3-libvirt's, of a text that is not UTF-8.
            self.t.log(f"  {what}: {error}")
            return error

    def run_job(self):
        """Returns how the job has ended, if it has, and its error."""
        amid = self.case.first.startswith("send now") and self.case.name != "early"
        if not amid:
            self.tell_qemu()
        if self.case.name == "early":
            self.wait(self.told)
        self.job.begin()
        self.wait(lambda: self.job.is_open() or self.job.returned())
        time.sleep(0.3)
        if amid:
            self.tell_qemu()
        if self.case.first.startswith("send"):
            self.wait(self.told)
            time.sleep(0.3)
        # A migration may forget what it was told as it began. Where nothing is wrong, or not yet,
        # a busy machine has time.
        for turn in range(15):
            if turn >= 3 and not self.case.fine and os.path.exists(self.log):
                break
            self.may_fail("let go", self.job.let_go)
            ended, error = self.end(PATIENCE / 3)
            if ended:
                return "itself", error
        self.may_fail("abort", self.t.alpha.connect().lookupByName(self.job.guest.name).abortJob)
        ended, error = self.end(PATIENCE)
        return ("abort" if ended else "no end"), error

    def check_no_job(self):
        """The job has ended, and is nowhere to be found."""
        name = self.job.guest.name
        for host in self.hosts:
            leak = not self.case.broken and faults.leaked_job(host, name)
            # A domain that ends meanwhile, as after a panic, has none.
            self.t.check(not leak or not host.domain(name).isActive(), f"a job is left: {leak}")
            self.t.wait(lambda host=host: (host.status_job(name) or NO_JOB).items() >= NO_JOB.items(),
                        5, f"the end of the job on {host.name}")

    def destroy(self, limit):
        """Returns the domain's states before."""
        states = []
        for host in sorted(self.hosts, key=lambda host: host.name != self.case.side):
            with contextlib.suppress(libvirt.libvirtError):
                domain = host.connect().lookupByName(self.job.guest.name)
                states.append(f"{host.name} {domain.state()}")
                if domain.isActive():
                    error = self.may_fail(f"destroy on {host.name}", domain.destroy, limit)
                    self.t.check(not error or not domain.isActive(), f"no destroy: {error}")
        return " ".join(states)

    def clear(self):
        """Nothing is left but the domain, which is off."""
        self.take_back()
        for snapshot in self.t.alpha.domain(self.job.guest.name).listAllSnapshots():
            snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
        for host in self.hosts[1:]:
            with contextlib.suppress(libvirt.libvirtError):
                host.domain(self.job.guest.name).undefine()

    def run(self):
        """Returns the outcome, in words."""
        how, error = self.run_job()
        if self.case.first.startswith(("reply", "delay")):
            self.take_back()    # the checks give commands, too
        with contextlib.suppress(FileNotFoundError), open(self.log, errors="replace") as file:
            self.done = file.read().splitlines()
        for host in self.hosts:
            self.t.timed(LIST_LIMIT, lambda host=host: host.connect().listAllDomains(),
                         f"  list on {host.name}")
        if how != "no end":
            self.check_no_job()
        states = self.destroy(self.job.destroy_limit)
        error = jobs.Job.wait_end(self.job, END_LIMIT) or error
        self.t.check(self.done, f"nothing odd was done: {how}, {error}")
        self.t.check(not self.case.fine or how == "itself" and not error,
                     f"not harmless: {how}, {error}")
        self.t.check(not error or "unknown" not in str(error) and str(error),
                     f"an error that says nothing: {error}")
        self.clear()
        return f"{how}; {states}; {error}; done {len(self.done)} times"

    def begin_anew(self):
        """The guest runs again; the same as after any destroy."""
        self.job.domain = self.t.alpha.domain(self.job.guest.name)
        self.t.timed(20, lambda: self.job.guest.start(self.t.alpha, wait=False), "  start")
        self.job.guest.wait_ready()
        self.t.check_no_job(self.t.alpha, self.job.guest)
        for host in self.hosts:
            check_logs(self.t, host)

    def give_up(self):
        """After a fault: whatever it was, the domain is off."""
        self.take_back()
        with contextlib.suppress(libvirt.libvirtError, Failure):
            self.destroy(60)
        self.wait(self.job.returned, END_LIMIT)
        self.t.raise_dead()      # by the destroy
        with contextlib.suppress(libvirt.libvirtError, Failure):
            self.clear()
        for host in self.hosts:
            os.truncate(host.log, 0)


def new_job(t, kind, number):
    """A job of a guest that runs on alpha, with QEMU by odd-qemu on both hosts"""
    guest = BareGuest(t.folder, t.tools, name=f"odd{number}", area=8, dirty=16, disk_mib=8)
    odd_qemu.use(t, guest)
    job = kind()
    job.t, job.guest, job.host, job.domain = t, guest, t.alpha, guest.start(t.alpha)
    return job


def try_cases(t, kind, cases, wanted):
    """Tries each case, those @wanted only if any; tells of all that have failed."""
    # A daemon that uses what it has freed has a chance to crash.
    os.environ["MALLOC_PERTURB_"] = "165"
    wanted = set(filter(None, wanted.split(",")))
    tried, done, found = set(), [], []
    job = None
    for number, case in enumerate(cases(kind, done)):
        if case.name not in {*wanted, "commands"} if wanted else case.name in KNOWN:
            continue
        tried.add(case.name)
        began = time.monotonic()
        outcome = ""
        job = job or new_job(t, kind, number)
        run = Run(t, job, case)
        try:
            outcome = run.run()
            run.begin_anew()
        except ERRORS as error:
            time.sleep(1)   # for a daemon to be dead that is dying
            outcome = f"FAULT {'; '.join(t.raise_dead()) or error} {outcome}"
            found.append(f"{case.side} {case.name}: {outcome}")
            run.give_up()
            job = None      # another guest
        done[:] = run.done
        t.log(f"CASE {kind.name} {case.side} {case.name}: {outcome} "
              f"({time.monotonic() - began:.0f} s)")
    t.check(wanted <= tried, f"no such case: {wanted - tried}")
    t.check(not found, f"{len(found)}: " + "; ".join(found))


@scenario(kinds=KINDS, slow=True, timeout=5400,
          stock_fails="a reset and a destroy use what the domain has no more")
def odd_events(t, job):
    """Whatever QEMU says of a job, no daemon dies, no job is left, and a destroy gets in."""
    try_cases(t, type(job), events, os.environ.get("ODD_CASES", ""))


@scenario(kinds=KINDS, slow=True, timeout=5400, stock_fails={
    "backup-pull": "the end of a backup that could not begin enters the monitor without a nested job"})
def odd_replies(t, job):
    """The same, whatever QEMU replies to the commands of a job"""
    try_cases(t, type(job), replies, os.environ.get("ODD_CASES", ""))


@scenario(kinds=[jobs.Save])
def odd_event(t, job):
    """Events that are sent twice and malformed ones do no harm."""
    try_cases(t, next(kind for kind in KINDS if issubclass(kind, type(job))), events,
              "twice,malformed")
