# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients see while a guest is stopped, for good or for the switchover."""

import os
import signal
import threading
import time

import libvirt

from harness import faults, phases, queries
from harness.bare_guest import BareGuest
from harness.scenario import scenario

from .waiting import Call

# Long enough for any answer that waits for nothing, in seconds
AT_ONCE = 3

# More than a daemon has workers at first, and fewer than it may have
CLIENTS = 12


def refusal(t, domain, limit):
    """Returns the code of the error with which a query fails, None if it does not."""
    try:
        t.timed(limit, lambda: domain.blockStats("vda"), "domblkstat")
    except libvirt.libvirtError as error:
        t.log(f"domblkstat: {error}")
        return error.get_error_code()
    return None


@scenario(stock_fails="the domain is locked while QEMU dies")
def answers_while_qemu_dies(t):
    """QEMU takes its time to die: it is still there, as it was. What needs no monitor
    is answered at once, what does is refused after two seconds, and lists wait as long."""
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
    t.check(state == libvirt.VIR_DOMAIN_RUNNING, f"the dying domain is in state {state}")
    stats = t.timed(AT_ONCE, lambda: queries.domain_stats(clients[1]), "domstats")
    t.check(stats.get("state.state") == libvirt.VIR_DOMAIN_RUNNING,
            f"domstats tells of state {stats.get('state.state')}")
    began = time.monotonic()
    t.check(refusal(t, clients[2], AT_ONCE) == libvirt.VIR_ERR_OPERATION_INVALID,
            "a QEMU that is stopped has answered")
    t.check(time.monotonic() - began > 0.5, "a query that may be repeated is refused at once")
    conn = clients[1].connect()
    found = t.timed(1, lambda: conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE), "list")
    t.check(len(found) == 1, "a domain whose process lives is not listed as active")
    ids, names = t.timed(1, conn.listDomainsID, "list of IDs"), conn.listDefinedDomains()
    t.check(len(ids) == 1 and not names, f"the lists of old have {ids} and {names}")
    t.check(refusal(t, clients[2], 1) == libvirt.VIR_ERR_OPERATION_INVALID,
            "a QEMU that is stopped has answered")
    # 11.3.0 asks for a job: like a query it would have waited before, but is not refused.
    t.timed(AT_ONCE, clients[0].XMLDesc, "dumpxml")
    t.check(not destroyed, "QEMU was dead before it was asked")
    thread.join(30)
    t.check(destroyed == [0], "the destroy failed or does not end")
    t.check_startable(t.alpha, guest)


@scenario(timeout=180)
def destroy_takes_longer_than_a_job_may_wait(t):
    """Whoever wants to start the domain again just has to be patient."""
    guest = t.guest()
    domain = guest.start(t.alpha, wait=False)
    starting = t.alpha.connect().lookupByName(guest.name)
    undefining = t.alpha.connect().lookupByName(guest.name)
    # It is dead as soon as it is told to end, but not gone.
    release = faults.keep_dead(t.alpha.qemu_pid(guest.name))
    results = {}

    def run(what, call):
        began = time.monotonic()
        try:
            results[what] = call()
        except libvirt.libvirtError as error:
            results[what] = error
        t.log(f"{what}: {results[what]} after {time.monotonic() - began:.1f} s")

    calls = {"destroy": domain.destroy, "start": starting.create,
             "metadata": lambda: undefining.setMetadata(
                 libvirt.VIR_DOMAIN_METADATA_TITLE, "patience", None, None,
                 libvirt.VIR_DOMAIN_AFFECT_CONFIG)}
    threads = [threading.Thread(target=run, args=call, daemon=True) for call in calls.items()]
    for thread in threads:
        thread.start()
        time.sleep(0.5)
    time.sleep(34)
    t.check(not results, f"calls did not wait for the process: {results}")
    release()
    for thread in threads:
        thread.join(20)
    t.check(results == {"destroy": 0, "start": 0, "metadata": 0}, f"the results are {results}")
    t.check_no_job(t.alpha, guest)


class Persistent:
    """The domain stays defined where it was."""
    name = "persistent"
    flags = 0


class Undefined:
    """It does not."""
    name = "undefined"
    flags = libvirt.VIR_MIGRATE_UNDEFINE_SOURCE


@scenario(kinds=[Persistent, Undefined], stock_fails="the domain is locked while QEMU dies")
def guest_has_left(t, kind):
    """The source's QEMU does not go away after the migration. Who asks the source is told
    at once that the guest is not there; who follows the migration, that it is not over."""
    guest = BareGuest(t.folder, t.tools, area=16, disk_mib=4)
    domain = guest.start(t.alpha)
    conn = t.alpha.connect()
    held = conn.lookupByName(guest.name)
    number, uuid = held.ID(), held.UUID()
    release = faults.keep_dead(t.alpha.qemu_pid(guest.name))
    flags = (libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
             | libvirt.VIR_MIGRATE_PERSIST_DEST | kind.flags)
    moved = []
    thread = threading.Thread(target=lambda: moved.append(domain.migrate3(
        t.beta.connect(), {}, flags)), daemon=True)
    thread.start()
    try:
        t.wait(lambda: held.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF, 30, "the guest's leave")
        began = time.monotonic()
        active = conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        t.check(not active and not conn.listDomainsID() and not conn.numOfDomains(),
                "the guest is listed as active where it is not")
        t.check(t.beta.domain(guest.name).isActive(), "the guest is nowhere")
        state = tuple(held.state())
        t.check(state == (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED),
                f"the guest that has left is in state {state}")
        t.check(not held.isActive(), "the guest that has left is active")
        names = [other.name() for other in conn.listAllDomains()]
        defined = not kind.flags
        t.check(names == conn.listDefinedDomains() == ([guest.name] if defined else []),
                f"all domains are {names}, those that are off {conn.listDefinedDomains()}")
        for what, lookup, found in (("ID", lambda: conn.lookupByID(number), False),
                                    ("UUID", lambda: conn.lookupByUUID(uuid), defined),
                                    ("name", lambda: conn.lookupByName(guest.name), defined)):
            try:
                t.check(lookup().ID() == -1 and found, f"the guest is found by {what}")
            except libvirt.libvirtError as error:
                t.check(error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN and not found,
                        f"looking for it by {what}: {error}")
        t.check(refusal(t, held, 1) == (libvirt.VIR_ERR_OPERATION_INVALID if defined
                                        else libvirt.VIR_ERR_NO_DOMAIN), "a query is not refused")
        kind_of_job = held.jobStats()["type"]
        t.check(kind_of_job == libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
                f"the migration is of type {kind_of_job} before it is over")
        t.check(time.monotonic() - began < AT_ONCE, "some of that has been waited for")
        t.check(not moved, "the migration was over before anything was asked")
        destroyed = Call(held.destroy)
        time.sleep(0.5)
    finally:
        release()
    thread.join(30)
    t.check(bool(moved), "the migration does not end")
    destroyed.join(AT_ONCE)
    t.log(f"the destroy of the guest that has left: {destroyed.error or destroyed.result}")
    t.check(destroyed.error, "a guest that runs elsewhere is said to have been destroyed")
    guest.check_alive()


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
