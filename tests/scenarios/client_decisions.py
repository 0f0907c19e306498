# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Nova, vdsm, KubeVirt and an exporter conclude from the answers on both hosts of a
migration, however it ends (tests/clients; docs/clients.md)."""

import contextlib
import os
import signal
import time

import libvirt

from clients.exporter import Exporter
from clients.kubevirt import KubeVirtSource, KubeVirtTarget
from clients.nova import Nova
from clients.vdsm import Vdsm, control
from harness import phases
from harness.scenario import scenario

from .arriving import Background, check_job
from .gone import failed_postcopy

END_LIMIT = 45
HELD = 5        # seconds that the clients watch a migration which is held
SOON = 2        # seconds between the end of a job, and of the call that began it


def end_live(_t, m, _nova):
    m.release()


def end_aborted(_t, _m, nova):
    nova.then = lambda domain: domain.abortJob()


def end_failed(_t, m, _nova):
    os.kill(m.destination.qemu_pid(m.guest.name), signal.SIGKILL)


def end_postcopy(t, m, nova):
    nova.then = lambda domain: domain.migrateStartPostCopy()
    t.wait(lambda: m.job(m.destination)[1] == "finish3", 20, "post-copy on the destination")
    time.sleep(HELD)
    m.release()


class End:
    """How a migration ends, and what the clients have to conclude from it: the source's
    Nova and KubeVirt, and the target's KubeVirt"""

    def __init__(self, do, kind, succeeds, nova, source, target):
        self.name = do.__name__.replace("end_", "")
        self.do, self.kind, self.succeeds = do, kind, succeeds
        self.nova, self.source, self.target = nova, source, target

    def __call__(self):
        return self


LEFT = ("gone", "not running")
ENDS = (End(end_live, "p2p", True, ("completed",), LEFT, "migrated"),
        End(end_postcopy, "postcopy-p2p", True, ("completed",), LEFT, "migrated"),
        End(end_aborted, "p2p", False, ("cancelled", "failed"), (None,), "gone"),
        End(end_failed, "p2p", False, ("failed",), (None,), "gone"))


@scenario(kinds=ENDS)
def clients_conclude(t, end):
    """Each client concludes what is true, on both hosts, whichever way it ends."""
    with phases.hold(t, end.kind, "memory") as m:
        name = m.guest.name
        nova = Nova(m.source, name, lambda: m.client.poll() is not None)
        source, target = KubeVirtSource(m.source, name), KubeVirtTarget(m.destination, name)
        vdsms = [Vdsm(host, name) for host in (m.source, m.destination)]
        exporters = [Exporter(host, name) for host in (m.source, m.destination)]
        clients = [nova, source, target, *vdsms, *exporters]
        for client in clients:
            client.start()
        time.sleep(HELD)
        t.check(target.conclusion is None,
                f"KubeVirt's target is done while the guest arrives: {target.conclusion}")
        t.check(nova.conclusion is None, f"Nova is done: {nova.conclusion}")
        end.do(t, m, nova)
        if end.kind == "postcopy-p2p":
            t.check(not vdsms[1].conclusion, f"vdsm: {vdsms[1].conclusion}")
        error = m.result(END_LIMIT)
        t.check((error is None) == end.succeeds, f"the migration ended with {error}")
        t.check(nova.wait(20) in end.nova, f"Nova concludes {nova.conclusion}: {nova.types}")
        t.check(target.wait(20) == end.target,
                f"KubeVirt's target concludes {target.conclusion}")
        time.sleep(1)
        for client in clients:
            client.stop()
            t.log(f"{client.title}: {client.conclusion}, {client.answers} answers, "
                  f"slowest {client.slowest:.2f} s")

        # The types that a poll of the source gets: the job runs until it is over.
        t.log(f"Nova was told {nova.types}")
        running = [kind for kind in nova.types if kind == "unbounded"]
        t.check(nova.types[:len(running)] == running, f"Nova was told {nova.types}")
        t.check(len(nova.types) - len(running) <= 2, f"Nova was told {nova.types}")
        t.check(nova.slowest < 2.5, f"Nova waited {nova.slowest:.1f} s")
        t.check(source.conclusion in end.source,
                f"KubeVirt's source concludes {source.conclusion}")
        for vdsm in vdsms:
            t.check(vdsm.conclusion is None, f"{vdsm.title} concludes {vdsm.conclusion}")
            t.check(any(vdsm.fields), f"{vdsm.title} has never seen the guest")
        t.check(exporters[0].conclusion == "scraping",
                f"{exporters[0].title}: {exporters[0].failed[:3]}")
        if t.stock:
            t.check(exporters[1].conclusion == "failing",
                    "stock answers a query on the receiving host")
        else:
            t.check(exporters[1].conclusion == "scraping",
                    f"{exporters[1].title}: {exporters[1].failed[:3]}")
            t.check(exporters[1].seen > 3, f"{exporters[1].title} has not seen the guest")


# --- the source dies ------------------------------------------------------------

@scenario()
def nova_source_destroyed(t):
    """The source is destroyed in the migration, and its QEMU takes its time to die: Nova
    does not believe in a success before the migration has failed."""
    with phases.hold(t, "p2p", "memory") as m:
        nova = Nova(m.source, m.guest.name, lambda: m.client.poll() is not None).start()
        time.sleep(2)
        m.stop_qemu(m.source)   # it will not end by itself, nor answer
        destroy = Background(m.source, m.guest, lambda domain: domain.destroy())
        error = m.result(END_LIMIT)
        ended = time.monotonic()
        t.check(error, "the migration succeeded although its source was destroyed")
        t.check(not destroy.waits(END_LIMIT) and destroy.error is None,
                f"the destroy failed: {destroy.error}")
        nova.stop()
        t.log(f"Nova was told {nova.types}")
        t.check(nova.concluded is None or nova.concluded > ended - SOON,
                f"Nova concluded {nova.conclusion} while the migration was under way")


# --- the source ends after a success ----------------------------------------------

@scenario()
def nova_source_ends(t):
    """The guest has left, and its QEMU takes 10 s to be killed: Nova does not clean up
    after it while QEMU may have the disks open."""
    with phases.hold(t, "p2p", "finished") as m:
        nova = Nova(m.source, m.guest.name, lambda: m.client.poll() is not None).start()
        pid = m.source.qemu_pid(m.guest.name)
        time.sleep(1)
        m.stop_qemu(m.source)
        m.peer_calls.let_go()
        nova.wait(END_LIMIT)
        alive = os.path.exists(f"/proc/{pid}") and not _is_zombie(pid)
        t.log(f"Nova concludes {nova.conclusion}: {nova.types}")
        t.check(nova.conclusion == "completed", f"Nova concludes {nova.conclusion}")
        t.check(not alive, "Nova cleans up after a QEMU that is still there")
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        m.guest.check_alive()


def _is_zombie(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    return True


# --- the job on the receiving host --------------------------------------------------

@scenario(stock_fails="it has an error for the receiving host")
def job_of_failed_postcopy(t):
    """domjobinfo on the receiving host tells of a post-copy whose network was cut, and of
    its recovery."""
    with failed_postcopy(t, "postcopy") as m:
        check_job(t, m.destination, m.guest, migration_phase="postcopy-failed",
                  migration_status="postcopy-paused")
        m.stream.rate = phases.SLOW
        m.start_recovery()
        m.peer_calls.let_go()
        m.wait_flow(m.stream, "the memory's data")
        check_job(t, m.destination, m.guest, migration_phase="resume-finish",
                  migration_status="postcopy-active")


# --- the control interface ----------------------------------------------------------

@scenario()
def control_info_of_async_job(t):
    """An async job in the monitor, which does not answer: the control interface has a
    job, and tells for how long. While the job only waits, it is ok."""
    with phases.hold(t, "p2p", "begin") as m:
        domain = m.domain
        state, milliseconds = t.timed(5, lambda: control(domain), "controlInfo")
        t.log(f"in the monitor: {state} for {milliseconds} ms")
        t.check(state in ("job", "occupied"), f"an async job is in the monitor: {state}")
        time.sleep(1)
        later = t.timed(5, lambda: control(domain), "controlInfo")[1]
        t.check(later >= milliseconds + 900, f"{milliseconds} ms, and a second later {later}")
    with phases.hold(t, "p2p", "memory") as m:
        states = {control(m.domain)[0] for _ in range(20)}
        t.log(f"in the copy of memory: {states}")
        t.check("ok" in states and states <= {"ok", "job"}, f"the job only waits: {states}")


# --- the statistics of all ------------------------------------------------------------

NOWAIT = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
ASKED = ("balloon.rss", "block.0.rd.reqs")      # what only the monitor or its job tells
HOST_WIDE = 2


@scenario()
def nowait_does_not_ask(t, held_phase):
    """Whoever must not wait is not held up by a QEMU that receives and does not answer
    its monitor."""
    m = held_phase("p2p", "memory")
    conn = m.destination.connect()
    m.stop_qemu(m.destination)
    for _ in range(3):
        found = t.timed(1, lambda: conn.getAllDomainStats(0, NOWAIT), "domstats of all, nowait")
        t.check(len(found) == 1, f"{len(found)} domains")
        t.check(found[0][1]["state.state"] == libvirt.VIR_DOMAIN_PAUSED, "the wrong state")
        t.check(ASKED[1] not in found[0][1], "QEMU was asked")
    m.continue_qemu()


@scenario(stock_fails="it waits 30 s for a guest that arrives")
def stats_of_all_do_not_wait(t):
    """The statistics of all are not held up for long by a guest that arrives and whose
    QEMU does not answer the one who asks it."""
    with phases.hold(t, "p2p", "memory") as m:
        conn = m.destination.connect()
        m.stop_qemu(m.destination)
        query = Background(m.destination, m.guest, lambda domain: domain.blockStats("vda"))
        t.check(query.waits(1), f"the query did not wait for QEMU: {query.error}")
        found = t.timed(HOST_WIDE + 1, conn.getAllDomainStats, "domstats of all")
        t.check(len(found) == 1, f"{len(found)} domains")
        t.check(found[0][1]["state.state"] == libvirt.VIR_DOMAIN_PAUSED, "the wrong state")
        m.continue_qemu()
        t.check(not query.waits(20) and query.error is None, f"the query: {query.error}")
        m.release()
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")


# Since this version nothing that gathers statistics can fail.
TELLS_OF_DYING = 11002000


@scenario(stock_fails="a QEMU that dies fails the statistics of all, if it is older than 11.2.0",
          other=True)
def stats_without_the_dead(t):
    """A QEMU dies while it is asked for its statistics: the others are answered. The dead
    one is left out or, by newer releases, told of as far as no QEMU is needed."""
    other = t.guest()
    other.start(t.alpha)
    guest = t.guest()
    guest.start(t.alpha)
    conn = t.alpha.connect()
    pid = t.alpha.qemu_pid(guest.name)
    os.kill(pid, signal.SIGSTOP)
    answer = {}

    class Ask(Exporter):
        """Asks for the statistics that fail if there is no answer"""
        def ask(self):
            kinds = libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_DIRTYRATE
            answer.update((domain.name(), stats)
                          for domain, stats in self.conn.getAllDomainStats(kinds))
            return "answered"

    call = Ask(t.alpha, guest.name).start()
    t.check(call.wait(1) is None, f"the call did not wait for QEMU: {call.conclusion}")
    os.kill(pid, signal.SIGKILL)
    t.check(call.wait(20) == "answered", f"the call ended with {call.conclusion}")
    t.check(other.name in answer, f"the other domain is missing: {answer.keys()}")
    known = {"state.state", "state.reason"} if conn.getLibVersion() >= TELLS_OF_DYING else set()
    t.check(known.issuperset(answer.get(guest.name, ())),
            f"the dead one has {answer.get(guest.name)}")
    t.wait(lambda: conn.lookupByName(other.name).isActive(), 5, "the other one lives")
