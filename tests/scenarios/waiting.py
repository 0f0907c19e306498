# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who waits for whom when QEMU does not answer, and when that ends."""

import os
import signal
import threading
import time

import libvirt
import libvirt_qemu

from harness import odd_qemu, phases, queries, stall
from harness.scenario import scenario

# Seconds: an answer that waits for nothing; a closing window's limit
# (VIR_JOB_WAIT_TIME), and what comes on top of it on a busy machine
AT_ONCE = 5
LIMIT = 30
SLACK = 12

GIVEN_UP = "Giving up job query of domain .* owned by .* remoteDispatchConnectGetAllDomainStats"


class Call(threading.Thread):
    """A call of its own thread, and what becomes of it"""

    def __init__(self, function):
        super().__init__(daemon=True)
        self._function = function
        self.result = self.error = None
        self.took = None
        self.start()

    def run(self):
        began = time.monotonic()
        try:
            self.result = self._function()
        except libvirt.libvirtError as error:
            self.error = error
        self.took = time.monotonic() - began


def stats_call(host, guest):
    """A domstats of @guest under way, on a connection of its own"""
    domain = host.connect().lookupByName(guest.name)
    return Call(lambda: queries.domain_stats(domain))


def waits_for_memory(pid):
    """Does a virtual CPU of QEMU, process @pid, wait for a page that is on another host, with a
    lock that the main loop wants?"""
    waits = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/wchan") as file:
            waits[int(thread)] = file.read()
    return "futex" in waits[pid] and any("userfault" in wait for wait in waits.values())


@scenario()
def client_gone(t):
    """The client of a post-copy migration dies while a query of its source hangs: the
    daemon goes on with all others."""
    with phases.hold(t, "postcopy", "postcopy") as m:
        m.stop_qemu(m.source)
        call = stats_call(m.source, m.guest)
        time.sleep(0.5)
        m.client.kill()
        time.sleep(0.5)
        t.timed(AT_ONCE, lambda: m.source.connect().listAllDomains(), "list of a new connection")
        t.wait(lambda: m.job(m.source)[1] == "postcopy_failed", AT_ONCE, "end of the migration")
        state = m.state(m.source)
        t.check(state == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED),
                f"the domain is in state {state}")
        t.check(call.is_alive(), "the query did not hang")
        m.continue_qemu()
        call.join(AT_ONCE)
        t.check(not call.is_alive(), "the query has not come back")


@scenario()
def client_gone_after_begin(t):
    """The same before the migration has done anything: its job ends, and QEMU is asked for
    that by nobody for whom others wait."""
    with phases.hold(t, "direct", "begun") as m:
        m.stop_qemu(m.source)
        call = stats_call(m.source, m.guest)
        time.sleep(0.5)
        m.client.kill()
        time.sleep(0.5)
        t.timed(AT_ONCE, lambda: m.source.connect().listAllDomains(), "list of a new connection")
        m.continue_qemu()
        call.join(AT_ONCE)
        t.check(not call.is_alive(), "the query has not come back")
        t.wait(lambda: m.job(m.source)[0] in (None, "none"), AT_ONCE, "end of the migration")


def odd_guest(t, kind):
    """A guest for this kind of migration, whose QEMU does what a file of its host says"""
    guest = phases.make_guest(t, phases.KINDS[kind])
    odd_qemu.use(t, guest)
    guest.start(t.alpha)
    return guest


@scenario(timeout=240)
def recovery_meets_reconnect(t):
    """QEMU takes long to answer a daemon that was restarted after post-copy had failed: the
    recovery that has to wait for that fails, and the guest's memory is not lost with QEMU."""
    t.allow("Cannot start job", "cannot acquire state change lock")
    guest = odd_guest(t, "postcopy")
    with phases.hold(t, "postcopy", "postcopy-failed", guest) as m:
        pid = m.source.qemu_pid(guest.name)
        m.source.kill_daemon()
        odd_qemu.tell(m.source, f"delay {(LIMIT + SLACK) * 1000} query-jobs")
        m.source.start()
        time.sleep(1)
        m.start(libvirt.VIR_MIGRATE_POSTCOPY_RESUME)
        error = t.timed(LIMIT + SLACK, lambda: m.result(LIMIT + SLACK), "the recovery")
        t.log(f"the recovery: {error}")
        t.check(error and "held by monitor=" in error["message"],
                f"the recovery does not say what it has waited for: {error}")
        time.sleep(SLACK)
        t.check(m.source.qemu_pid(guest.name) == pid, "QEMU of the source has been killed")
        job = m.job(m.source)
        t.check(job == ("migration out", "postcopy_failed"), f"the source's job is {job}")


@scenario(stock_fails="nothing ends the job of a migration that completes then")
def recovery_meets_completion(t):
    """A post-copy migration whose daemon was restarted completes while a client tries to recover
    it: the recovery fails, and the source ends the migration all the same."""
    guest = odd_guest(t, "postcopy")
    with phases.hold(t, "postcopy", "postcopy-source-restarted", guest) as m:
        m.stream.rate = 0
        m.hurry()
        odd_qemu.tell(m.source, "delay 8000 query-migrate")
        m.start(libvirt.VIR_MIGRATE_POSTCOPY_RESUME)
        m.wait(lambda: m.job(m.source)[1] == "begin_resume", "the recovery", ended=True)
        m.stream.rate = None
        error = m.result(30)
        t.log(f"the recovery: {error}")
        t.check(error and "still running" in error["message"], f"the recovery ended with: {error}")
        domain = m.source.connect().lookupByName(guest.name)
        t.wait(lambda: not domain.isActive(), LIMIT, "the end of the migration on the source")
        t.check_no_job(m.source, guest)
        guest.check_alive()


@scenario(stock_fails="one thread handles the events of all domains")
def slow_event(t):
    """An event of a domain waits for a job that a migration does not let in; the end of
    another domain is noticed at once."""
    t.allow("Cannot start job", "cannot acquire state change lock")
    other = t.guest()
    other.start(t.alpha)
    with phases.hold(t, "direct", "memory") as m:
        libvirt_qemu.qemuMonitorCommand(m.domain, '{"execute": "system_reset"}', 0)
        time.sleep(1)
        domain = m.source.connect().lookupByName(other.name)
        os.kill(m.source.qemu_pid(other.name), signal.SIGKILL)
        t.wait(lambda: not domain.isActive(), AT_ONCE, "the end of the other domain")


@scenario(timeout=240, stock_fails="a recovery waits for QEMU as long as it does not answer")
def hung_destination(t):
    """The network of a post-copy migration dies while a query of the destination hangs in its
    QEMU: the query is given up, not the migration, which is recovered once QEMU is back."""
    t.allow(GIVEN_UP)
    with phases.hold(t, "postcopy", "postcopy") as m:
        with stall.stalled(m.destination.qemu_pid(m.guest.name)) as go_on:
            call = stats_call(m.destination, m.guest)
            time.sleep(0.5)
            t.check(call.is_alive(), "the query did not hang")
            m.stream.cut()
            error = t.timed(LIMIT + SLACK, lambda: m.result(LIMIT + SLACK), "end of the migration")
            t.check(error, "the migration succeeded although the network was cut")
            t.log(f"the migration's error: {error['message']}")
            call.join(AT_ONCE)
            t.check(not call.is_alive(), "the query has not come back")
            t.check(call.took > LIMIT - 2, f"the query was given up after {call.took:.1f} s")
            state = m.state(m.destination)
            t.check(state == (libvirt.VIR_DOMAIN_RUNNING,
                              libvirt.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED),
                    f"the domain is in state {state} on the destination")
            # QEMU would answer none of these.
            domain = m.destination.connect().lookupByName(m.guest.name)
            stats = t.timed(AT_ONCE, lambda: queries.domain_stats(domain), "domstats")
            t.check("state.state" in stats, f"domstats has only {sorted(stats)}")
            try:
                t.timed(AT_ONCE, lambda: domain.blockStats("vda"), "domblkstat")
                t.fail("a QEMU that hangs has answered")
            except libvirt.libvirtError as caught:
                t.check(caught.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID,
                        f"domblkstat fails with: {caught}")
            m.start(libvirt.VIR_MIGRATE_POSTCOPY_RESUME)
            error = t.timed(AT_ONCE, lambda: m.result(AT_ONCE), "a recovery with QEMU hanging")
            t.check(error, "a recovery succeeded although QEMU hangs")
            t.log(f"the recovery's error: {error['message']}")
            go_on()
        # QEMU first answers what it was asked before.
        for _ in range(10):
            time.sleep(1)
            m.start(libvirt.VIR_MIGRATE_POSTCOPY_RESUME)
            time.sleep(1)
            m.hurry()
            error = m.result(60)
            if not error or error["code"] != libvirt.VIR_ERR_OPERATION_TIMEOUT:
                break
        pid = m.destination.qemu_pid(m.guest.name)
        if (error and error["code"] == libvirt.VIR_ERR_OPERATION_TIMEOUT and pid
                and waits_for_memory(pid)):
            # Only the recovery would bring it, see docs/contract.md.
            t.tell("KNOWN: no recovery, as all of QEMU waits for memory")
            domain.destroy()
            return
        t.check(not error, f"the recovery failed: {error}")
        t.check(m.state(m.destination)[0] == libvirt.VIR_DOMAIN_RUNNING, "the guest does not run")
        t.timed(AT_ONCE, lambda: domain.blockStats("vda"), "domblkstat after the recovery")
        m.guest.check_alive()


@scenario()
def restarted_at_once(t):
    """A domain is started as soon as it has been destroyed, again and again: the end of one
    process is not taken for that of the next."""
    guest = t.guest()
    domain = guest.start(t.alpha)
    for _ in range(12):
        t.timed(20, domain.destroy, "destroy")
        t.timed(20, domain.create, "start")
        t.timed(AT_ONCE, lambda: domain.blockStats("vda"), "domblkstat")
    t.check_no_job(t.alpha, guest)


@scenario(stock_fails="the main loop waits for the process to die")
def autodestroy(t):
    """A domain that is to go with its client's connection goes, and no other client waits
    for that."""
    guest = t.guest()
    conn = t.alpha.connect()
    conn.createXML(guest.xml, libvirt.VIR_DOMAIN_START_AUTODESTROY)
    # It reads no SIGTERM, and SIGKILL comes after 10 s.
    os.kill(t.alpha.qemu_pid(guest.name), signal.SIGSTOP)
    conn.close()
    time.sleep(0.5)
    t.timed(AT_ONCE, lambda: t.alpha.connect().getHostname(), "another client")
    t.wait(lambda: not t.alpha.conn.listAllDomains(), 30, "the end with the connection")
