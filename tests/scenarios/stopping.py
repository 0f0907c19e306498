# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients see while a guest is stopped, for good or for the switchover."""

import os
import signal
import threading
import time

import libvirt

from harness import phases, queries
from harness.scenario import scenario

# Long enough for any answer that waits for nothing, in seconds
AT_ONCE = 3

# More than a daemon has workers at first, and fewer than it may have
CLIENTS = 12


@scenario(stock_fails="the domain is locked while QEMU dies")
def answers_while_qemu_dies(t):
    """QEMU takes its time to die: what needs no monitor is answered, what does is
    refused, all at once."""
    guest = t.guest()
    domain = guest.start(t.alpha)
    clients = [t.alpha.connect().lookupByName(guest.name) for _ in range(3)]
    # SIGTERM does nothing to it, SIGKILL comes after 10 s
    os.kill(t.alpha.qemu_pid(guest.name), signal.SIGSTOP)
    destroyed = []
    thread = threading.Thread(target=lambda: destroyed.append(domain.destroy()), daemon=True)
    thread.start()
    time.sleep(0.5)
    state = t.timed(AT_ONCE, clients[0].state, "domstate")[0]
    t.check(state == libvirt.VIR_DOMAIN_SHUTDOWN, f"the dying domain is in state {state}")
    t.timed(AT_ONCE, clients[0].XMLDesc, "dumpxml")
    stats = t.timed(AT_ONCE, lambda: queries.domain_stats(clients[1]), "domstats")
    t.check(stats.get("state.state") == libvirt.VIR_DOMAIN_SHUTDOWN,
            f"domstats tells of state {stats.get('state.state')}")
    try:
        t.timed(AT_ONCE, lambda: clients[2].blockStats("vda"), "domblkstat")
        t.fail("a QEMU that is stopped has answered")
    except libvirt.libvirtError as error:
        t.check(error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID,
                f"domblkstat fails with: {error}")
    t.check(not destroyed, "QEMU was dead before it was asked")
    thread.join(30)
    t.check(destroyed == [0], "the destroy failed or does not end")
    t.check_startable(t.alpha, guest)


@scenario()
def destroy_events(t):
    """Who destroys a domain is told that it shuts down and that it was destroyed."""
    libvirt.virEventRegisterDefaultImpl()

    def run_events():
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=run_events, daemon=True).start()
    events = []
    guest = t.guest()
    domain = guest.start(t.alpha)
    t.alpha.connect().domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        lambda conn, domain, event, detail, opaque: events.append((event, detail)), None)
    domain.destroy()
    stopped = (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
    shutdown = (libvirt.VIR_DOMAIN_EVENT_SHUTDOWN, libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_HOST)
    t.wait(lambda: stopped in events, 10, "the event that the domain stopped")
    time.sleep(0.5)
    # QEMU may be too slow, or libvirt too fast, for the first.
    t.check(events in ([shutdown, stopped], [stopped]), f"the events are {events}")


@scenario(stock_fails="a query gets in during the switchover")
def switchover_keeps_queries_out(t):
    """A query that arrives in the switchover has to wait, but not for ever; an abort
    has not."""
    with phases.hold(t, "direct", "switchover-answer") as m:
        domain = m.source.connect().lookupByName(m.guest.name)
        aborting = m.source.connect().lookupByName(m.guest.name)
        began = time.monotonic()
        t.timed(4, lambda: domain.blockStats("vda"), "domblkstat in the switchover")
        waited = time.monotonic() - began
        t.check(waited > 0.5, f"a query was answered after {waited:.2f} s in the switchover")
        t.timed(AT_ONCE, aborting.abortJob, "domjobabort in the switchover")


@scenario(stock_fails="the thread pool does not grow")
def stuck_domain_leaves_workers(t):
    """More clients than workers wait for a domain that does not answer; others are
    answered nevertheless."""
    guest = t.guest()
    guest.start(t.alpha)
    off = t.alpha.connect().defineXML(t.guest().xml)
    clients = [t.alpha.connect().lookupByName(guest.name) for _ in range(CLIENTS)]
    threads = [threading.Thread(target=client.blockStats, args=("vda",), daemon=True)
               for client in clients]
    pid = t.alpha.qemu_pid(guest.name)
    os.kill(pid, signal.SIGSTOP)
    try:
        # The daemon finds all calls at once, faster than its workers take them.
        t.alpha.daemon.send_signal(signal.SIGSTOP)
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        t.alpha.daemon.send_signal(signal.SIGCONT)
        time.sleep(1)
        try:
            t.timed(AT_ONCE, lambda: off.blockStats("vda"), "domblkstat of another domain")
            t.fail("a domain that is off has statistics")
        except libvirt.libvirtError as error:
            t.check(error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID,
                    f"domblkstat of a domain that is off fails with: {error}")
    finally:
        os.kill(pid, signal.SIGCONT)
    for thread in threads:
        thread.join(20)
    t.check(not any(thread.is_alive() for thread in threads), "a query has not come back")
