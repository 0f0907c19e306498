# SPDX-License-Identifier: LGPL-2.1-or-later
"""The domain is destroyed while a job waits: whose the job is then, and what the job's
thread does to the next QEMU of that domain."""

import contextlib
import dataclasses
import os
import threading
import time

import libvirt

from harness import jobs, phases, queries, relay
from harness.bare_guest import BareGuest
from harness.scenario import scenario

from .during_jobs import DIED, query_for_a_while

# Seconds
AT_ONCE = 3
DESTROY_LIMIT = 20
START_LIMIT = 25    # less than the 30 s after which a job gives up
RESUME = libvirt.VIR_MIGRATE_POSTCOPY_RESUME
NO_LOAD = "is writable but does not support snapshots"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of migration; stands for a kind of job in a scenario"""

    name: str

    def __call__(self):
        return self


@contextlib.contextmanager
def failed_postcopy(t, kind):
    """Has a post-copy migration of this kind fail; gives the Migration."""
    # QEMU answers its monitor no more if a device misses a page that is on the other
    # host; this guest uses none.
    m = phases.Migration(t, phases.KINDS[kind], BareGuest(t.folder, t.tools, area=96))
    try:
        m.guest.start(t.alpha)
        phases.postcopy_failed(m)
        yield m
    finally:
        m.end()


def destroy(t, host, guest):
    t.timed(DESTROY_LIMIT, host.connect().lookupByName(guest.name).destroy,
            f"destroy on {host.name}")


def destroy_rest(t, host, guest):
    """Destroys what may have died by itself: QEMU does, if its peer dies in a recovery."""
    try:
        destroy(t, host, guest)
    except libvirt.libvirtError as error:
        t.check(error.get_error_code() in DIED, f"destroy fails with: {error}")


def logged(host, text):
    """The lines of the daemon's log that have @text"""
    with open(host.log, errors="replace") as file:
        return [line.strip() for line in file if text in line]


@scenario(timeout=180, stock_fails="the domain is locked while the recovery connects")
def recovery_without_source(t):
    """The source of a post-copy migration is destroyed while the recovery connects: no job
    outlives the domain, which can be started and undefined."""
    with failed_postcopy(t, "postcopy") as m:
        m.stream.stop_accepting()
        m.start(RESUME)
        m.wait_phase("perform_resume")
        time.sleep(0.5)
        destroy(t, m.source, m.guest)
        destroy_rest(t, m.destination, m.guest)
        m.let_go()
        t.check(m.result(), "a recovery of a domain that is gone succeeded")
        domain = m.source.domain(m.guest.name)
        t.timed(START_LIMIT, domain.create, "start")
        t.check_no_job(m.source, m.guest)
        destroy(t, m.source, m.guest)
        t.timed(START_LIMIT, domain.undefine, "undefine")


@scenario(timeout=180, stock_fails="the daemon crashes, as the job that it finishes is gone")
def recovery_p2p_without_source(t):
    """The same, peer-to-peer, while the destination is asked to finish: the job stays that
    of the migration's thread until it ends, and a domain that is started waits for it."""
    with failed_postcopy(t, "postcopy-p2p") as m:
        m.peer_calls.keep("finish", relay.CALL)
        m.start(RESUME)
        m.wait_caught(m.peer_calls, "the call of finish")
        destroy(t, m.source, m.guest)
        destroy_rest(t, m.destination, m.guest)
        domain = m.source.connect().lookupByName(m.guest.name)
        errors = []

        def start():
            try:
                domain.create()
            except libvirt.libvirtError as error:
                errors.append(error)

        starting = threading.Thread(target=start, daemon=True)
        starting.start()
        time.sleep(3)
        m.let_go()
        t.check(m.result(), "a recovery of a domain that is gone succeeded")
        starting.join(START_LIMIT)
        t.check(not starting.is_alive() and not errors, f"the domain does not start: {errors}")
        time.sleep(1)
        t.check(m.state(m.source)[0] == libvirt.VIR_DOMAIN_RUNNING, "the domain does not run")
        t.check_no_job(m.source, m.guest)


RECOVERIES = (Kind("postcopy"), Kind("postcopy-p2p"))


@scenario(kinds=RECOVERIES, timeout=180,
          stock_fails={kind.name: "the daemon crashes, in 11.3.0" for kind in RECOVERIES},
          other=("postcopy",))
def recovery(t, kind):
    """A recovery that nobody disturbs: the source is asked while the destination is about
    to finish, and the guest ends where it was to go."""
    with failed_postcopy(t, kind.name) as m:
        m.start_recovery()
        domain = m.source.connect().lookupByName(m.guest.name)
        t.timed(AT_ONCE, lambda: domain.blockStats("vda"), "domblkstat on the source")
        t.timed(AT_ONCE, domain.jobStats, "domjobinfo on the source")
        m.let_go()
        m.hurry()
        error = m.result(60)
        t.check(not error, f"the recovery fails with: {error}")
        t.check(m.state(m.destination)[0] == libvirt.VIR_DOMAIN_RUNNING, "the guest does not run")
        t.check(m.state(m.source)[0] == libvirt.VIR_DOMAIN_SHUTOFF, "the source has it still")
        m.guest.check_alive()
        t.check_no_job(m.destination, m.guest)


class BetaSave(jobs.Save):
    """A save on the host that was the destination of a migration"""

    def take(self, t, guest):
        self.t, self.guest, self.host = t, guest, t.beta
        self.domain = t.beta.domain(guest.name)
        self.reopen()


@scenario(timeout=180, stock_fails="it takes the job from its owner")
def recovery_of_another_job(t):
    """A recovery whose destination has started the guest anew, and is saving it, leaves
    that job alone."""
    with failed_postcopy(t, "postcopy") as m:
        destroy_rest(t, m.destination, m.guest)
        m.guest.start(m.destination, wait=False)
        time.sleep(2)
        save = BetaSave()
        save.take(t, m.guest)
        m.start(RESUME)
        t.check(m.result(), "a migration was recovered that is over")
        t.check(save.is_open(), "the save has lost its job")
        before = m.destination.status_job(m.guest.name)
        t.check("phase" not in before, f"the save's job is {before}")
        t.timed(AT_ONCE, m.destination.connect().lookupByName(m.guest.name).abortJob, "abort")
        t.check(save.wait_end(), "an aborted save succeeded")
        t.check_no_job(m.destination, m.guest)


@scenario()
def reboot_ignored_then_destroyed(t):
    """A guest that ignores a reboot is destroyed: nobody begins to reboot it then, which
    would hit the next QEMU of the domain."""
    guest = t.guest()
    domain = guest.start(t.alpha)
    domain.reboot(libvirt.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN)
    time.sleep(1)
    t.timed(DESTROY_LIMIT, domain.destroy, "destroy")
    t.timed(START_LIMIT, domain.create, "start")
    time.sleep(1)
    reboots = logged(t.alpha, f"Starting job: API=reboot-{guest.name}")
    t.check(not reboots, f"a thread reboots the guest that was destroyed: {reboots[:1]}")
    t.check(domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING, "the domain does not run")
    guest.wait_ready()


def watchdog_dumps(t, guest, seconds):
    """Has what @guest's watchdog dumps, within this time, go to a pipe that is read slowly,
    whatever the second that its name says."""
    folder = os.path.join(t.folder, "auto-dump")
    os.mkdir(folder)
    t.qemu_conf += f'auto_dump_path = "{folder}"\n'
    guest.xml = (guest.xml.replace("</devices>", "<watchdog model='ib700' action='dump'/></devices>")
                 .replace("jobguest_seed", "jobguest_watchdog=1 jobguest_seed"))
    for second in range(seconds):
        when = time.strftime("%Y-%m-%d-%H:%M:%S", time.localtime(time.time() + second))
        jobs.SlowPipe(os.path.join(folder, f"1-{guest.name}-{when}"))


@scenario(stock_fails="it starts the CPUs of a domain that is gone")
def destroyed_in_watchdog_dump(t):
    """A domain is destroyed while its memory is dumped because of its watchdog: nobody
    starts its CPUs afterwards."""
    guest = t.guest()
    watchdog_dumps(t, guest, 60)
    guest.start(t.alpha, wait=False)
    t.wait(lambda: (t.alpha.status_job(guest.name) or {}).get("async") == "dump", 40, "the dump")
    time.sleep(1)
    destroy(t, t.alpha, guest)
    t.wait(lambda: logged(t.alpha, "Stopping async job: dump"), 20, "the dump's end")
    lines = logged(t.alpha, "Resuming after dump failed")
    t.check(not lines, f"after the destroy the daemon says: {lines[:1]}")


class TransientSnapshot(jobs.SnapshotMemory):
    def open(self, t):
        self.t, self.host = t, t.alpha
        self.guest = self.make_guest()
        self.domain = t.alpha.conn.createXML(self.guest.xml)
        self.guest.wait_ready()
        self.reopen()


# What is wrong on stock shows under valgrind or AddressSanitizer.
@scenario()
def transient_destroyed_in_snapshot(t):
    """A transient domain is destroyed while a snapshot of it, with memory, is being taken:
    the snapshot's thread touches nothing freed, and nothing is left of either."""
    job = TransientSnapshot()
    job.open(t)
    destroy(t, t.alpha, job.guest)
    t.check(job.wait_end(), "a snapshot of a domain that is gone succeeded")
    t.check(not t.alpha.conn.listAllDomains(), "the domain is still there")
    left = os.path.join(t.alpha.folder, "lib", "qemu", "snapshot", job.guest.name)
    t.check(not os.path.exists(left), f"{left} is left")
    job.open_again = t.alpha.conn.createXML(job.guest.xml)
    t.check(not job.open_again.snapshotListNames(), "the new domain has an old snapshot")
    t.check_no_job(t.alpha, job.guest)


DELETERS = 8


@scenario(stock_fails="queries are let to a QEMU that is being started")
def queries_while_deleting_when_off(t):
    """An external snapshot of a domain that is off is deleted, for which libvirt starts a
    QEMU: queries that wait are not let to it before it can answer."""
    guest = t.guest()
    domain = guest.start(t.alpha)
    refused = (libvirt.VIR_ERR_OPERATION_INVALID,)
    for number in range(3):
        name = f"s{number}"
        overlay = os.path.join(guest.folder, f"overlay.{number}")
        domain.snapshotCreateXML(f"""
            <domainsnapshot>
              <name>{name}</name>
              <disks><disk name='vda' snapshot='external'><source file='{overlay}'/></disk></disks>
            </domainsnapshot>""", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
        destroy(t, t.alpha, guest)
        loop = t.query_loop(t.alpha, guest, clients=DELETERS, calls=("block",))
        try:
            t.timed(60, domain.snapshotLookupByName(name).delete, "the deletion")
        finally:
            t.check(loop.stop(), "a query has not come back")
        wrong = loop.unexpected(refused)
        t.log(f"{len(loop.times)} answers, {len(loop.errors)} errors")
        t.check(not wrong, f"a query failed with: {wrong[:1]}")
        t.timed(START_LIMIT, domain.create, "start")


def check_reverted(t, error):
    """A revert to an internal snapshot has no @error, or stock's of 11.3.0 with QEMU 10.0
    (docs/found-in-stock.md): QEMU has been started all the same."""
    t.check(error is None or NO_LOAD in str(error), f"the revert failed: {error}")


@scenario(other=True, stock_fails="queries wait, or are let to a QEMU that is being started")
def queries_while_reverting(t):
    """A domain reverts to a snapshot of when it ran, for which libvirt starts a QEMU: queries
    that wait are not let to it before it can answer, and what libvirt knows by itself it tells
    at once."""
    job = jobs.SnapshotRevert()
    job.open(t)
    domain = t.alpha.connect().lookupByName(job.guest.name)
    t.timed(AT_ONCE, domain.jobStats, "job statistics")
    t.timed(AT_ONCE, lambda: queries.domain_stats(domain), "statistics")
    job.let_go()
    check_reverted(t, job.wait_end(60))
    for _ in range(3):
        destroy_rest(t, t.alpha, job.guest)
        loop = t.query_loop(t.alpha, job.guest, clients=DELETERS, calls=("block",))
        try:
            t.timed(60, lambda: job.call(domain), "the revert")
        except libvirt.libvirtError as error:
            check_reverted(t, error)
        finally:
            t.check(loop.stop(), "a query has not come back")
        wrong = loop.unexpected((libvirt.VIR_ERR_OPERATION_INVALID,))
        t.log(f"{len(loop.times)} answers, {len(loop.errors)} errors")
        t.check(not wrong, f"a query failed with: {wrong[:1]}")
    if t.alpha.conn.getLibVersion() < jobs.REVERTS:
        return
    # Memory that libvirt has written is read as in a restore.
    loading = jobs.RevertExternal()
    loading.open(t)
    query_for_a_while(t, t.query_loop(t.alpha, loading.guest), 1)
    t.check(loading.wait_end(60) is None, f"the revert failed: {loading.wait_end()}")
    loading.guest.check_alive()
