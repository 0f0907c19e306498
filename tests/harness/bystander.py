# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest beside the one that a test is about: whatever happens to that one, or to the
daemon that both share, must do nothing to it."""

import contextlib
import time

import libvirt

from . import jobs, queries
from .bare_guest import BareGuest

# Seconds
QUERY_LIMIT = 10    # for an answer, besides the time in which its daemon stood still
ARRIVAL_LIMIT = 20  # the same where it arrives, whose QEMU is started meanwhile
END_LIMIT = 60      # for a job to end once nothing holds it
MEMORY_LIMIT = 60   # for the memory to be checked; usually that has happened meanwhile

# What a query says where the domain is not any more
MOVED = (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_DOMAIN)
# What domjobinfo says while a backup begins, on stock, too: see docs/found-in-stock.md
BEGINS = "backup job data missing"


class Leave(jobs.Job):
    """A peer-to-peer migration to the other host"""

    name = "p2p"
    async_job = "migration out"

    def call(self, domain):
        domain.migrateToURI3(self.peer.uri, {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1},
                             jobs.MIGRATE_FLAGS | libvirt.VIR_MIGRATE_PEER2PEER)

    def let_go(self):
        """Again and again: what is set before the memory is on its way is forgotten for it."""
        deadline = time.monotonic() + END_LIMIT
        while self.is_open() and time.monotonic() < deadline:
            with contextlib.suppress(libvirt.libvirtError):     # it may be gone by then
                self.host.connect().lookupByName(self.guest.name).migrateSetMaxSpeed(1 << 20)
            self._thread.join(3)


# Those in which the guest runs on
KINDS = {kind.name: kind for kind in (jobs.DumpLive, jobs.SnapshotMemory, jobs.BackupPull, Leave)}


class Bystander:
    """@host: where it runs; @peer: the other one; @kind: of the job that it has, or None.
    @stands: for how many seconds the daemon of each host stands still, by name, infinite if
    it is killed."""

    def __init__(self, t, name, host, peer, kind, stands):
        self.t, self.host, self.peer, self.stands = t, host, peer, stands
        self.guest = BareGuest(t.folder, t.tools, name=name, area=8, disk_mib=8)
        self.passes = None
        self.loops = []
        self.job = kind and KINDS[kind]()
        self.leaves = isinstance(self.job, Leave)
        if self.job:
            self.job.t, self.job.guest, self.job.host, self.job.peer = t, self.guest, host, peer

    def boot(self):
        """Starts the guest, and does not wait until it is up."""
        domain = self.guest.start(self.host, wait=False)
        if self.job:
            self.job.domain = domain

    def begin(self):
        """From now on nothing may happen to it. Returns once its job is under way."""
        self.guest.wait_ready()
        self.passes = self.guest.memory_pass()
        reference = queries.domain_stats(self.host.domain(self.guest.name))
        self.loops = [(host, queries.QueryLoop(host, self.guest.name, reference))
                      for host in (self.host, self.peer) if host is self.host or self.leaves]
        if self.job:
            self.job.reopen()

    def killed(self, host):
        return self.stands[host.name] == float("inf")

    def end(self):
        """Lets its job come to an end, which must be a good one."""
        if not self.job:
            return
        if isinstance(self.job, jobs.BackupPull):
            # That is how it ends. On a connection that is not that of a daemon which was killed.
            self.job.domain = self.host.connect().lookupByName(self.guest.name)
            self.job.domain.abortJob()
        elif self.job.is_open():
            self.job.let_go()
        error = self.job.wait_end(END_LIMIT)
        self.t.log(f"  the end of {self.guest.name}'s {self.job.name}: {error}")
        self.t.check(not error or self.killed(self.host),
                     f"the {self.job.name} of a guest that stood by failed: {error}")
        if self.leaves:
            self.host, self.peer = self.peer, self.host

    def check(self):
        """It runs, and has been well all along."""
        t, name = self.t, self.guest.name
        t.check(all([loop.stop() for _, loop in self.loops]),
                f"a query of {name} has not come back")
        for host, loop in self.loops:
            self.check_loop(host, loop)
        found = self.host.connect().lookupByName(name).state()
        t.check(found[0] == libvirt.VIR_DOMAIN_RUNNING,
                f"{name}, which stood by, is in state {found} on {self.host.name}")
        t.check_no_job(self.host, self.guest)
        self.guest.wait(lambda: self.guest.memory_pass() >= self.passes + 2, MEMORY_LIMIT,
                        "stopped checking its memory")

    def check_loop(self, host, loop):
        where = f"{self.guest.name} on {host.name}"
        if self.killed(host):
            errors = [error for error in loop.errors if isinstance(error, libvirt.libvirtError)
                      and error.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT]
        elif self.leaves:
            errors = loop.unlike_death(MOVED)
        else:
            errors = [error for error in loop.errors if not (
                isinstance(self.job, jobs.BackupPull) and BEGINS in str(error))]
            if len(errors) < len(loop.errors):
                self.t.log(f"  KNOWN: {where}: {BEGINS}")
        slowest = max(loop.times, default=0)
        self.t.log(f"  {where}: {len(loop.times)} answers, slowest {slowest:.1f} s, "
                   f"{len(loop.errors)} errors")
        self.t.check(not errors, f"a query of {where}, which stood by, failed: {errors[:1]}")
        self.t.check(loop.times, f"no query of {where} was answered")
        limit = self.stands[host.name] + (
            ARRIVAL_LIMIT if self.leaves and host is self.host else QUERY_LIMIT)
        self.t.check(slowest <= limit, f"a query of {where}, which stood by, took {slowest:.1f} s, "
                     f"more than {limit:.1f}")

    def stop(self):
        """Ends its clients, whatever has happened."""
        for _, loop in self.loops:
            loop.stop(0)
        if hasattr(self.job, "pipe"):
            self.job.pipe.end()
