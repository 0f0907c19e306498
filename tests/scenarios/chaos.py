# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random jobs, random clients and random faults at random moments, round after round on
the same two daemons.

Round N of seed S is drawn from Random("S.N"), so that it can be run by itself: a round
that fails writes its schedule to a file, which --replay runs. The same schedule meets
other moments of the job on each run; it is the draw that is repeated, not the race.
"""

import collections
import contextlib
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import libvirt

from harness import bystander, chaos_counts, faults, jobs, phases, sandbox
from harness.bare_guest import BareGuest
from harness.guest import Guest, GuestFault
from harness.host import HostError
from harness.scenario import Failure, is_stock, scenario

from .phase_faults import MOVED, migrate_anew, settle

# Seconds
LIST_LIMIT = 5      # for a list once the faults are over; a daemon on an idle machine needs 1
CALL_LIMIT = 60     # for all calls, those of the faults, too, to come to an end
FAULTS_WITHIN = 5   # of the start of the job
LONGEST = 5         # that anything stands still: below the 30 s that a job may be waited for
STUCK = 10          # see phase_faults.destroy_if_stuck
FD_SLACK = 4        # descriptors that a daemon may open late and keep
# Threads, by the beginnings of their names, of which a daemon keeps all that were ever needed
POOLS = ("rpc-", "prio-rpc-", "qemu-event")

MIGRATIONS = ("direct", "p2p", "tunnelled", "storage", "storage-p2p", "unix", "postcopy",
              "postcopy-p2p", "parallel", "tls", "offline")


class SaveFull(jobs.Job):
    """To a disk on which there is no space for it"""

    name = "save-full"

    @property
    def path(self):
        return os.path.join(self.t.folder, "small", "image")

    def call(self, domain):
        domain.save(self.path)

    def before_restart(self):
        with contextlib.suppress(FileNotFoundError):    # a daemon that is killed leaves it
            os.unlink(self.path)


class DumpFull(SaveFull):
    name = "dump-full"

    def call(self, domain):
        domain.coreDumpWithFormat(self.path, libvirt.VIR_DOMAIN_CORE_DUMP_FORMAT_RAW, 0)


class SnapshotDelete(jobs.SnapshotDelete):
    """Of a guest that writes nothing: the overlay has been filled before."""

    def prepare(self):
        overlay = os.path.join(self.guest.folder, "overlay")
        for command in (("convert", "-U", "-O", "qcow2", self.guest.disk, overlay),
                        ("rebase", "-u", "-F", "raw", "-b", self.guest.address, overlay)):
            subprocess.run(["qemu-img", *command], check=True)
        self.domain.snapshotCreateXML(f"""
            <domainsnapshot>
              <name>s</name>
              <disks><disk name='vda' snapshot='external'>
                <driver type='qcow2'/><source file='{overlay}'/>
              </disk></disks>
            </domainsnapshot>""", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
                                      | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT)


OTHERS = {kind.name: kind for kind in (
    jobs.Save, jobs.ManagedSave, jobs.Dump, jobs.DumpLive, jobs.DumpMemory, jobs.SnapshotMemory,
    jobs.SnapshotPaused, SnapshotDelete, jobs.BackupPush, jobs.BackupPull, jobs.Restore,
    SaveFull, DumpFull)}
# What is slow of the guest's disk, which a process besides offers
SLOW_DISK = {"snapshot-delete": "write", "backup-push": "read"}
JOBS = (*MIGRATIONS, *OTHERS)
ENDS_GUEST = ("save", "managedsave")

# Of how many rounds there is a guest beside that of the round, and of these two of them
BESIDE, TWO_BESIDE = 0.4, 0.4
# In how many the guest is one with Linux, whose start takes several times as long
LINUX = 0.04

# Faults by what they may do to the guest and to the job
HARMLESS = {"qemu-stop", "daemon-stop", "stall", "suspend", "reset", "migrate", "postcopy", "odd"}
LETHAL = {"qemu-kill", "destroy"}
ANYWHERE = ("qemu-kill", "qemu-stop", "daemon-kill", "daemon-stop", "destroy", "odd")
AT_SOURCE = ("abort", "suspend", "reset", "migrate")
OF_MIGRATION = ("stall", "cut", "cut-calls", "client-kill")
FAULTS = (*ANYWHERE, *AT_SOURCE, *OF_MIGRATION, "postcopy")
# Calls whose arguments nothing can be made of
ODD = {
    "abortJobFlags": (1 << 30,),
    "attachDevice": ("<nonsense/>",),
    "blockInfo": ("/nowhere",),
    "blockJobAbort": ("vdz",),
    "blockPeek": ("vda", 1 << 62, 1 << 16, 1 << 30),
    "blockResize": ("vdz", 1),
    "blockStats": ("vdz",),
    "coreDumpWithFormat": ("/nowhere/file", 0, 0),
    "detachDevice": ("<disk type='file'><target dev='vdz'/></disk>",),
    "injectNMI": (1 << 30,),
    "interfaceStats": ("vnet99",),
    "jobStats": (1 << 30,),
    "managedSave": (1 << 30,),
    "memoryPeek": (0, 1 << 30, libvirt.VIR_MEMORY_PHYSICAL),
    "migrateSetMaxDowntime": (1 << 62,),
    "migrateSetMaxSpeed": (1 << 62,),
    "migrateToURI3": ("qemu+tcp://127.0.0.1:1/system", {}, libvirt.VIR_MIGRATE_PEER2PEER),
    "pMSuspendForDuration": (0, 0),
    "save": ("/nowhere/file",),
    "sendKey": (99, 0, [1], 1),
    "setMemoryStatsPeriod": (-1, libvirt.VIR_DOMAIN_AFFECT_LIVE),
    "setVcpus": (99,),
    "snapshotCreateXML": ("<domainsnapshot><disks><disk name='vdz'/></disks></domainsnapshot>",
                          libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY),
    "undefineFlags": (1 << 30,),
}
# What a daemon says of a call that changes the domain and has waited 30 s for its async job,
# which a job may take on a busy machine. Of each call it says both, of a query only the second.
LATE = re.compile(r"Cannot start job \((?!query|destroy|abort)\w+, .* for \(\d+s, \d+s, {0}s\)|"
                  r"cannot acquire state change lock \(held by .*async=.* age={0}s\)".format(
                      r"(29|[3-9]\d|\d{3,})"))
# The network was cut before or after the receiving QEMU had switched to post-copy.
LOST = re.compile("postcopy_ram_listen_thread: loadvm failed|load of migration failed")
OWES = "QEMU does not answer commands"
FLAGS = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE | libvirt.VIR_MIGRATE_PERSIST_DEST
ERRORS = (Failure, GuestFault, HostError, TimeoutError, phases.NotHeld, libvirt.libvirtError)


# --- the draw ------------------------------------------------------------------

def draw(name):
    """The schedule of the round @name"""
    rng = random.Random(name)
    job = rng.choice(MIGRATIONS if rng.random() < 0.6 else tuple(OTHERS))
    moving = job in MIGRATIONS
    kinds = ANYWHERE + AT_SOURCE + (OF_MIGRATION if moving else ())
    done = []
    for _ in range(rng.choice((1, 1, 2))):
        what = rng.choice(kinds)
        where = rng.choice(("alpha", "beta")) if what in ANYWHERE and moving else "alpha"
        # A daemon that is away can neither be stopped nor killed.
        if what.startswith("daemon") and any(
                fault["what"].startswith("daemon") and fault["where"] == where for fault in done):
            continue
        done.append({"what": what, "where": where,
                     "at": round(rng.uniform(0, FAULTS_WITHIN), 2),
                     "for": round(rng.uniform(0.2, LONGEST), 2)})
        if what == "odd":
            done[-1]["call"] = rng.choice(tuple(ODD))
    bandwidth = rng.choice((1, 2, 8, None))
    if job.startswith("postcopy"):
        bandwidth = 1   # there is memory left that is to follow
        at = rng.uniform(0.5, FAULTS_WITHIN)
        done.append({"what": "postcopy", "where": "alpha", "for": 0, "at": round(at, 2)})
        if rng.random() < 0.5:
            done.append({"what": "cut", "where": "alpha", "for": 0,
                         "at": round(at + rng.uniform(0.2, 2), 2)})
    calls = ("stats", "block", "job")
    beside = draw_bystanders(rng, done) if rng.random() < BESIDE else []
    return {"round": name, "job": job, "bandwidth": bandwidth,
            "end": rng.choice(("finish", "abort")),
            "clients": {host: sorted(rng.sample(calls, rng.randint(1, 3)))
                        for host in ("alpha", "beta")},
            "guest": "linux" if rng.random() < LINUX and job != SnapshotDelete.name else "bare",
            "bystanders": beside,
            "faults": sorted(done, key=lambda fault: fault["at"])}


def draw_bystanders(rng, done):
    """The guests beside that of the round, the first with an async job of its own"""
    kinds = [None, *bystander.KINDS]
    if any(fault["what"] == "daemon-kill" for fault in done):
        kinds.remove("p2p")     # which fails then
    found = [{"host": rng.choice(("alpha", "beta")), "job": rng.choice(kinds[1:])}]
    if rng.random() < TWO_BESIDE:
        found.append({"host": rng.choice(("alpha", "beta")), "job": None})
    return found


# --- the faults ----------------------------------------------------------------

def answers(host):
    """Does the daemon of @host, which may be starting, take connections?"""
    with contextlib.suppress(libvirt.libvirtError):
        host.connect().close()
        return True
    return False


class Round:
    """One round: @plan is its schedule, @guest runs on alpha, and @bystanders beside it. The
    faults that meet a running job are added to @met."""

    def __init__(self, t, plan, guest, bystanders, met):
        self.t, self.plan, self.guest, self.met = t, plan, guest, met
        self.bystanders = bystanders
        self.source, self.destination = t.alpha, t.beta
        self.names = {fault["what"] for fault in plan["faults"]}
        self.calls = []     # threads
        self.granted = []   # those of the calls that had to be refused
        self.migration = self.job = self.states = None
        kind = phases.KINDS.get(plan["job"])
        if kind:
            self.migration = phases.Migration(t, kind, guest)
        else:
            self.job = OTHERS[plan["job"]]()
            self.job.t, self.job.host, self.job.guest = t, t.alpha, guest
            self.job.domain = t.alpha.domain(guest.name)

    def call(self, what, function, odd=False):
        """Has a thread call @function, which may fail, and must if it is @odd, but must end."""
        def run():
            try:
                function()
                result = "done"
                if odd:
                    self.granted.append(what)
            except libvirt.libvirtError as error:
                result = str(error)     # not its frames, with the connection in them
            self.t.log(f"  {what}: {result}")

        thread = threading.Thread(target=run, name=what, daemon=True)
        thread.start()
        self.calls.append(thread)

    def on_domain(self, host, what, method, *args, **settings):
        self.call(f"{what} on {host.name}", lambda: getattr(
            host.connect().lookupByName(self.guest.name), method)(*args), **settings)

    def migrate(self, host, peer):
        self.call("second migration", lambda: host.connect().lookupByName(
            self.guest.name).migrate3(peer.connect(), {}, FLAGS))

    def stop(self, pid, host, what):
        """Has process @pid stand still; returns what lets it go on."""
        self.t.log(f"  {what} of {host.name} stopped: process {pid}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)

        def go_on():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return go_on

    def meets(self, fault):
        """Does the fault meet an async job, and a QEMU if it is one of QEMU's?"""
        if fault["what"].startswith("qemu") and not self.t.host(fault["where"]).qemu_pid(
                self.guest.name):
            return False
        return self.has_job()

    def has_job(self):
        """Is there an async job on either host?"""
        found = [host.status_job(self.guest.name) or {} for host in (self.source, self.destination)]
        return any(job.get("async", "none") != "none" for job in found)

    def do(self, fault):
        """Makes the fault; returns what ends it, if it is one that lasts."""
        what, host, m = fault["what"], self.t.host(fault["where"]), self.migration
        if what in ("qemu-kill", "qemu-stop"):
            pid = host.qemu_pid(self.guest.name)
            if pid is None:
                self.t.log(f"  {what}: none on {host.name}")
            elif what == "qemu-stop":
                return self.stop(pid, host, "QEMU")
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        elif what == "daemon-stop":
            return self.stop(host.daemon.pid, host, "daemon")
        elif what == "daemon-kill":
            host.kill_daemon()
            return lambda: self.call(f"start of {host.name}", host.start)
        elif what == "stall":
            m.stream.rate = 0
            return lambda: setattr(m.stream, "rate", None)
        elif what == "suspend":
            self.on_domain(host, what, "suspend")
            return lambda: self.on_domain(host, "resume", "resume")
        elif what in ("destroy", "abort", "reset", "postcopy"):
            method, *args = {"abort": ("abortJob",), "reset": ("reset", 0),
                             "postcopy": ("migrateStartPostCopy",)}.get(what, (what,))
            self.on_domain(host, what, method, *args)
        elif what == "odd":
            method = fault["call"]
            self.on_domain(host, f"odd {method}", method, *ODD[method], odd=True)
        elif what == "migrate":
            self.migrate(self.source, self.destination)
        else:
            {"cut": m.stream.cut, "cut-calls": m.peer_calls.cut, "client-kill": m.client.kill}[what]()
        return None

    # --- the round -------------------------------------------------------------

    def start_job(self):
        if self.job:
            self.job.begin()
            return
        params = {}
        if self.plan["bandwidth"]:
            params[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH] = self.plan["bandwidth"]
            if self.migration.kind.postcopy:
                params[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY] = self.plan["bandwidth"]
        self.migration.start(**params)
        if self.migration.kind.postcopy:
            # Post-copy cannot begin before; faults meet what is before in the other kinds.
            with contextlib.suppress(phases.NotHeld):
                self.migration.wait_flow(self.migration.stream, "the memory's data")

    def make_faults(self):
        """Makes the faults, each at its moment, and ends those that last."""
        began = time.monotonic()
        events = [(fault["at"], fault, None) for fault in self.plan["faults"]]
        while events:
            events.sort(key=lambda event: event[0])
            at, fault, end = events.pop(0)
            time.sleep(max(began + at - time.monotonic(), 0))
            if end:
                end()
                continue
            meets = self.meets(fault)
            self.t.log(f"  {time.monotonic() - began:.1f} s: {fault['what']} {fault['where']}"
                       f"{'' if meets else ', with no job'}")
            if meets:
                self.met.append(fault)
            end = self.do(fault)
            if end:
                events.append((at + fault["for"], fault, end))

    def end_job(self):
        """Lets the job come to an end. Returns its error, or None."""
        if self.migration:
            for _ in range(CALL_LIMIT // STUCK):
                # Again: what is set while the disk is copied is forgotten for the memory.
                self.migration.release()
                with contextlib.suppress(phases.NotHeld):
                    return self.end_without_client(self.migration.result(STUCK))
                if "postcopy" in self.names and self.names & LETHAL:
                    # QEMU's fault, see docs/found-in-stock.md
                    self.t.log("  the destination's QEMU is stuck, is destroyed")
                    self.on_domain(self.destination, "destroy", "destroy")
            return self.migration.result(0)
        if isinstance(self.job, jobs.Backup):
            self.job.wait_begun(CALL_LIMIT)
        if self.plan["end"] == "abort" or isinstance(self.job, jobs.BackupPull):
            self.t.wait(lambda: answers(self.source), CALL_LIMIT, "the daemon's start")
            self.on_domain(self.source, "abort at the end", "abortJob")
        if hasattr(self.job, "pipe"):
            self.job.pipe.hurry()
        return self.job.wait_end(CALL_LIMIT)

    def end_without_client(self, error):
        """The source's daemon goes on with a peer-to-peer migration whose client was killed.
        Returns @error."""
        deadline = time.monotonic() + STUCK
        while "client-kill" in self.names and self.has_job() and time.monotonic() < deadline:
            self.migration.release()
            time.sleep(1)
        return error

    def join_calls(self):
        deadline = time.monotonic() + CALL_LIMIT
        for thread in self.calls:
            thread.join(max(deadline - time.monotonic(), 0))
        stuck = [thread.name for thread in self.calls if thread.is_alive()]
        self.t.check(not stuck, f"these have not come back: {', '.join(stuck)}")
        self.t.check(not self.granted, f"not refused: {', '.join(self.granted)}")

    # --- what must be true afterwards --------------------------------------------

    def complaint(self, states, error):
        """What is wrong with the @states of the domain on both hosts, or None."""
        names, job = self.names, self.plan["job"]
        if states == ("running", "running"):
            # The answer that it runs there may be lost, see docs/found-in-stock.md.
            lost = "cut-calls" in names or any(
                fault["what"] == "daemon-kill" and fault["where"] == "beta"
                for fault in self.plan["faults"])
            return None if lost and job.startswith("storage") else "the guest runs twice"
        if job.endswith("-full") and not error:
            return "all is said to be on a disk that has no space for it"
        if states == ("broken", "off") and names <= HARMLESS | {"cut"} and not self.qemu_said(
                self.destination, LOST):
            return "nothing has ended the destination's half of the guest"
        if "running" not in states:
            ended = job in ENDS_GUEST or names & LETHAL or (job == "restore" and error)
            # Who is not told what became of the guest leaves it paused.
            unclear = names & {"suspend", "daemon-kill", "client-kill", "cut", "cut-calls"} | (
                names & LETHAL if self.migration else set())
            if set(states) == {"off"} and not ended:
                return "the guest is gone"
            if set(states) != {"off"} and not unclear:
                return "the guest is paused"
        if names <= HARMLESS and self.migration:
            if error and "migrate" not in names:    # the other one may have been first
                return f"the migration failed: {error}"
            if states[0] != "off":
                return "nothing has kept the guest from leaving, and it is still there"
        return None

    def cut_in_prepare(self):
        """Did the source leave while the destination prepared a tunnelled migration? Nobody
        ends that then, with libvirt as it is: see docs/found-in-stock.md."""
        left = any(fault["what"] in ("cut", "cut-calls")     # the stream is one of calls, too
                   or fault["what"] == "daemon-kill" and fault["where"] == "alpha"
                   for fault in self.plan["faults"])
        job = self.destination.status_job(self.guest.name) or {}
        return left and self.plan["job"] == "tunnelled" and job.get("phase") == "prepare"

    def qemu_said(self, host, text):
        """Has the guest's QEMU on @host died with the message @text, which is known as a fault of
        QEMU's? See docs/found-in-stock.md."""
        with open(host.qemu_log(self.guest.name), errors="replace") as file:
            found = re.search(text, file.read())
        if found:
            self.t.log(f"  KNOWN: QEMU died: {found[0]}")
        return bool(found)

    def recover(self):
        """A post-copy migration that was cut goes on to its end when it is asked for again."""
        m = self.migration
        status = m.qemu_status(self.source)
        if "cut" not in self.names and status != "postcopy-paused":
            self.t.log(f"  not to be recovered: {status}")
            return
        # The source's QEMU may get to know later than libvirt, and refuses a recovery until then.
        self.t.wait(lambda: m.qemu_status(self.source) == "postcopy-paused", 20,
                    "QEMU's notice that the network was cut")
        try:
            m.start_recovery()
        except phases.NotHeld as error:
            if OWES not in str(error):
                raise
            # It waits for memory that only the recovery would bring, see docs/contract.md.
            self.t.log(f"  KNOWN: no recovery: {error}")
            return
        m.release()
        error = m.result(CALL_LIMIT)
        self.states = settle(self.t, self)
        self.t.log(f"  recovered: {self.states}")
        self.t.check(not error and self.states in MOVED,
                     f"no recovery: {error}, the guest is {self.states}")

    def check_processes(self, states):
        """Each QEMU belongs to a domain."""
        known = {host.qemu_pid(self.guest.name) for host, state
                 in zip((self.source, self.destination), states) if state != "off"}
        known.update(each.host.qemu_pid(each.guest.name) for each in self.bystanders)
        left = qemu_processes() - known
        self.t.check(not left, f"QEMU runs without a domain: processes {left}")

    def check(self, error):
        t = self.t
        for host in (self.source, self.destination):
            t.timed(LIST_LIMIT, lambda host=host: host.connect().listAllDomains(),
                    f"  list on {host.name}")
        try:
            states = self.states = settle(t, self)
        except Failure:
            if not self.cut_in_prepare():
                raise
            self.t.log("  KNOWN: the destination was cut off while it prepared for the stream")
            self.destination.connect().lookupByName(self.guest.name).destroy()
            states = self.states = settle(t, self)
        complaint = self.complaint(states, error)
        t.check(not complaint, f"{complaint}: {states}")
        self.check_processes(states)

    def check_queries(self, loops):
        self.t.check(all([loop.stop() for loop in loops]), "a query has not come back")
        late = [str(error) for loop in loops for error in loop.errors
                if isinstance(error, libvirt.libvirtError)
                and error.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT]
        self.t.check(not late, f"{len(late)} queries had to time out: {late[:1]}")

    def clear_job(self):
        self.job.before_restart()
        if hasattr(self.job, "pipe"):
            self.job.pipe.end()
        domain = self.source.domain(self.guest.name)
        for snapshot in domain.listAllSnapshots():
            snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
        if isinstance(self.job, SnapshotDelete) and domain.isActive():
            # That of a deletion that was aborted has to write what is in flight to a slow disk.
            self.t.wait(lambda: not domain.blockJobInfo("vda"), 20, "the end of the block job")

    def run(self):
        loops = [self.t.query_loop(self.t.host(host), self.guest, calls=calls)
                 for host, calls in self.plan["clients"].items()]
        try:
            for each in self.bystanders:
                each.begin()
            self.start_job()
            self.make_faults()
            error = self.end_job()
            self.join_calls()
            for each in self.bystanders:
                each.end()
            self.t.log(f"  the job's end: {error}")
            self.check(error)
            self.check_queries(loops)
            for each in self.bystanders:
                each.check()
            if self.job:
                self.clear_job()
            if self.states == ("broken", "broken"):
                self.recover()
            migrate_anew(self.t, self, self.states)
        finally:
            for loop in loops:
                loop.stop(0)
            for each in self.bystanders:
                each.stop()
            if self.migration:
                self.migration.end()


def qemu_processes():
    """Those of guests, in this sandbox"""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if words[0].endswith(b"qemu-system-x86_64") and b"guest=" in b" ".join(words):
                found.add(int(pid))
    return found


class Kept:
    """Whether descriptors and threads of a daemon become more from round to round"""

    def __init__(self):
        self.usual = {}

    def check(self, t, host):
        def have():
            folder = f"/proc/{host.daemon.pid}"
            files, threads = collections.Counter(), collections.Counter()
            for name in os.listdir(f"{folder}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    files[os.readlink(f"{folder}/fd/{name}").partition(":")[0]] += 1
            for name in os.listdir(f"{folder}/task"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                        open(f"{folder}/task/{name}/comm") as file:
                    threads[file.read().strip()] += 1
            return files, collections.Counter({name: count for name, count in threads.items()
                                               if not name.startswith(POOLS)})

        if host.daemon.pid not in self.usual:
            time.sleep(0.5)
            self.usual[host.daemon.pid] = have()
        files, threads = self.usual[host.daemon.pid]

        def kept():
            more = have()
            return ((more[0] - files if more[0].total() > files.total() + FD_SLACK else None)
                    or more[1] - threads)

        try:
            t.wait(lambda: not kept(), 15, "descriptors and threads")
        except Failure:
            t.fail(f"{host.name} keeps more descriptors or threads than before: {kept()}")


def remove(t, guests):
    """Leaves nothing of the guests on either host."""
    for host in (t.alpha, t.beta):
        for guest in guests:
            with contextlib.suppress(libvirt.libvirtError):
                domain = host.conn.lookupByName(guest.name)
                if domain.isActive():
                    domain.destroy()
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
                                     | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
                                     | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA)
        t.wait(lambda host=host: not host.conn.listAllDomains(), 20,
               f"{host.name} keeps a domain")
    t.check(not qemu_processes(), "QEMU outlives its domain")
    for guest in guests:
        shutil.rmtree(guest.folder)


def check_logs(t, host):
    """Checks what the daemon has logged in this round, and forgets it."""
    lines = faults.log_faults(host)
    late = list(filter(LATE.search, lines))
    if late:
        t.log(f"  KNOWN: a call had to wait for too long a job: {late[0]}")
    lines = [line for line in lines if line not in late]
    t.check(not lines, f"{host.name} warns {len(lines)} times, first: {lines[:1]}")
    if not is_stock(host.build):
        t.check_replay(host)
    os.truncate(host.log, 0)


def make_guest(t, plan):
    """The round's guest, not yet started"""
    settings = {"name": f"chaos{plan['round'].replace('.', '-')}", "area": 8, "disk_mib": 8}
    if plan.get("guest") != "linux":
        return BareGuest(t.folder, t.tools, **settings)
    guest = Guest(t.folder, t.tools, **settings)
    jobs.fill(guest.disk, settings["disk_mib"])
    return guest


def one_round(t, plan, kept, met):
    """Returns the domain's states at the end. @met: see Round"""
    stands = collections.Counter(alpha=0, beta=0)
    for fault in plan["faults"]:
        if fault["what"].startswith("daemon"):
            stands[fault["where"]] += fault["for"] if fault["what"] == "daemon-stop" else math.inf
    beside = [bystander.Bystander(
        t, f"bystander{number}", t.host(one["host"]),
        t.beta if one["host"] == "alpha" else t.alpha, one["job"], stands)
              for number, one in enumerate(plan.get("bystanders", ()))]
    guest = make_guest(t, plan)
    server = None
    if plan["job"] in SLOW_DISK:
        server, guest.address = jobs.slow_disk(t, guest, SLOW_DISK[plan["job"]])
    try:
        for each in beside:
            each.boot()
        guest.start(t.alpha)
        t.beta.conn     # starts the host
        this = Round(t, plan, guest, beside, met)
        this.run()
        remove(t, [guest, *(each.guest for each in beside)])
    finally:
        if server:
            server.kill()
            server.wait()
    for host in (t.alpha, t.beta):
        deaths = t.deaths()
        t.check(not deaths, "; ".join(deaths))
        check_logs(t, host)
        kept.check(t, host)
    return this.states


def memory(host):
    """What the daemon has, in KiB: see harness/chaos_counts.py"""
    with open(f"/proc/{host.daemon.pid}/status") as file:
        of = dict(re.findall(r"^(\w+):\s+(\d+) kB$", file.read(), re.MULTILINE))
    return {"pid": host.daemon.pid, "rss": int(of["VmRSS"]), "anon": int(of["RssAnon"])}


def count(t, path, plan, met, error=None):
    """Adds what the round came to to the file @path."""
    had = {}
    for host in (t.alpha, t.beta):
        with contextlib.suppress(OSError, KeyError):    # a daemon that is dead
            had[host.name] = memory(host)
    with open(path, "a") as file:
        file.write(json.dumps({
            "round": plan["round"], "job": plan["job"], "passed": error is None,
            "guest": plan.get("guest", "bare"),
            "bystanders": [one["job"] or "none" for one in plan.get("bystanders", ())],
            "error": error and str(error), "memory": had,
            "faults": [{"what": fault["what"], "where": fault["where"],
                        "met": any(fault is one for one in met)} for fault in plan["faults"]],
        }) + "\n")


def plans(t, option):
    """The rounds to run: those of --replay, or those of the seed while there is time"""
    if option.replay:
        with open(option.replay) as file:
            yield from map(json.loads, file)
        return
    end = time.monotonic() + 60 * option.minutes
    number = 0
    while time.monotonic() < end:
        yield draw(f"{option.seed}.{number}")
        number += 1
        t.tell(f"{number} rounds")


@scenario(timeout=lambda option: 60 * option.minutes + 300)
def chaos(t, request):
    """Whatever happens to a job, the guest is where it may be, and nothing is left behind."""
    config = request.config
    kept = Kept()
    phases.prepare_hosts(t, [phases.KINDS[name] for name in MIGRATIONS])
    small = os.path.join(t.folder, "small")
    os.mkdir(small)
    sandbox.mount("tmpfs", small, "tmpfs", 0, "size=2m")    # before the hosts copy the mounts
    counts = chaos_counts.path(config)
    for plan in plans(t, config.option):
        text = json.dumps(plan)
        t.log(f"round {text}")
        began, met = time.monotonic(), []
        try:
            states = one_round(t, plan, kept, met)
        except ERRORS as error:
            count(t, counts, plan, met, error)
            path = os.path.join(config.series.logs, f"chaos-{plan['round']}.json")
            with open(path, "w") as file:
                file.write(text + "\n")
            raise Failure(f"round {plan['round']}: {'; '.join(t.deaths()) or error}; "
                          f"again: --replay {path}; {text}") from error
        count(t, counts, plan, met)
        t.log(f"round {plan['round']} ok: {states}, {time.monotonic() - began:.0f} s")
