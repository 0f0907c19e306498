# SPDX-License-Identifier: LGPL-2.1-or-later
"""Something dies, or is destroyed, in each phase of a migration.

One scenario a fault and a kind of migration; it goes through the phases on the
same two hosts, while clients query both. After each fault the guest must run
where it has to and nowhere else, no job may be left, and a new migration must
work.
"""

import dataclasses
import os
import signal
import time

import libvirt

from harness import phases
from harness.guest import GuestFault
from harness.scenario import Failure, scenario

from .during_jobs import DIED
from .migrations import AWAY

# Seconds
DESTROY_LIMIT = 20      # QEMU, if it does not answer SIGTERM, is killed after 10
END_LIMIT = 45          # for the client's call, and the hosts, to come to an end
STUCK = 10              # for a call that waits for a QEMU which does not answer
CALM = 1                # without a job and a change of state: nothing is to come any more
REBOOT = 1              # that a host is away

# Until it is known that the destination has all, the guest is the source's.
BEFORE = ("begin", "peer-connect", "begun", "prepared", "connect", "mirror", "memory",
          "switchover", "switchover-answer", "aborted", "cancelling")
NO_DESTINATION = ("begin", "peer-connect", "begun")     # no QEMU is there yet
STATES = {libvirt.VIR_DOMAIN_RUNNING: "running", libvirt.VIR_DOMAIN_PAUSED: "paused",
          libvirt.VIR_DOMAIN_SHUTOFF: "off"}
# The destination's vCPUs run until they miss a page.
BROKEN = ((libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED),
          (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED))

# What a query may say: its daemon dies, or the domain does, or it is elsewhere
EXPECTED = DIED + AWAY + (libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_NO_CONNECT)


# --- faults --------------------------------------------------------------------

def kill_qemu(t, m, host):
    pid = host.qemu_pid(m.guest.name)
    t.check(pid, f"there is no QEMU on {host.name}")
    os.kill(pid, signal.SIGKILL)


def source_qemu_killed(t, m):
    kill_qemu(t, m, m.source)


def destination_qemu_killed(t, m):
    kill_qemu(t, m, m.destination)


def source_daemon_killed(_t, m):
    m.source.kill_daemon()
    m.source.start()


def destination_daemon_killed(_t, m):
    m.destination.kill_daemon()
    m.destination.start()


def peer_killed(_t, m):
    """The other host is gone with all that it had, and is back soon."""
    pid = m.destination.qemu_pid(m.guest.name)
    m.destination.kill_daemon()
    if pid:
        os.kill(pid, signal.SIGKILL)
    time.sleep(REBOOT)
    m.destination.start()


def client_killed(_t, m):
    m.client.kill()


def source_destroyed(t, m):
    domain = m.source.connect().lookupByName(m.guest.name)
    t.timed(DESTROY_LIMIT, domain.destroy, "destroy on the source")


def destination_destroyed(t, m):
    domain = m.destination.connect().lookupByName(m.guest.name)
    t.timed(DESTROY_LIMIT, domain.destroy, "destroy on the destination")


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    do: object
    needs_destination: bool = False


FAULTS = (Fault("source-qemu-killed", source_qemu_killed),
          Fault("destination-qemu-killed", destination_qemu_killed, True),
          Fault("source-daemon-killed", source_daemon_killed),
          Fault("destination-daemon-killed", destination_daemon_killed),
          Fault("peer-killed", peer_killed),
          Fault("client-killed", client_killed),
          Fault("source-destroyed", source_destroyed),
          Fault("destination-destroyed", destination_destroyed, True))


STAYS = {("running", "off")}
MOVED = {("off", "running")}
GONE = {("off", "off")}
TWICE = {("running", "running")}


SOURCE_DIES = ("source-qemu-killed", "source-destroyed")


def promised(fault, phase, kind):
    """The states, on source and destination, that libvirt promises afterwards."""
    at_source = fault.name in SOURCE_DIES
    at_destination = fault.name in ("destination-qemu-killed", "destination-destroyed")
    if phase in BEFORE:
        if at_source:
            return GONE
        if fault.name == "client-killed" and kind.p2p and phase not in ("aborted", "cancelling"):
            return STAYS | MOVED    # the source's daemon may go on without its client
        if kind.p2p and phase in ("begin", "peer-connect"):
            return STAYS | MOVED    # the destination may be back when it is asked
        return STAYS
    if phase == "postcopy":
        # Half of the guest's memory is on either side: it lives while both do,
        # and waits for a recovery otherwise.
        if at_source:
            return {("off", "broken"), ("off", "off")}
        if at_destination or fault.name == "peer-killed":
            return {("broken", "off"), ("off", "off")}
        return MOVED | {("broken", "broken")}
    if at_source:
        return MOVED
    if fault.name == "peer-killed" and phase == "finished":
        return {("paused", "off")}  # the source cannot know that the guest is lost
    if at_destination or fault.name == "peer-killed":
        return STAYS if phase == "performed" else GONE
    if phase == "source-end":
        # The confirmation waits for a query, which waits for the QEMU that is stopped:
        # the daemon may die before it has noted that the guest is elsewhere.
        return MOVED | {("paused", "running")} if fault.name == "source-daemon-killed" else MOVED
    if fault.name == "client-killed" and kind.p2p:
        return MOVED
    if fault.name == "destination-daemon-killed" and phase == "performed":
        return STAYS
    if fault.name == "destination-daemon-killed" and phase == "finished" and kind.storage:
        # The answer that it runs there is lost. On shared storage QEMU's lock of the disk
        # keeps the source from going on; libvirt leaves it at that.
        return TWICE
    # The source is not told what became of the guest: it stays paused there.
    if phase == "performed":
        return {("paused", "off")} if fault.name == "client-killed" \
            else {("paused", "running"), ("paused", "off")}
    return {("paused", "running")}


# --- one phase -----------------------------------------------------------------

def state(host, guest):
    """running, paused, off or broken (half of a post-copy migration that failed):
    what the domain is on @host"""
    try:
        found = tuple(host.connect().lookupByName(guest.name).state())
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return "off"
        raise
    return "broken" if found in BROKEN else STATES.get(found[0], f"state {found}")


def has_job(host, guest, found):
    """Is there a job that must end? A post-copy migration that failed keeps its job
    until it is recovered or destroyed."""
    job = host.status_job(guest.name)
    if job is None or job.get("async") == job.get("type") == "none":
        return False
    return not (found == "broken" and job.get("phase") == "postcopy_failed")


def settle(t, m):
    """Waits until no job is left on either host. Returns the domain's states."""
    deadline = time.monotonic() + END_LIMIT
    hosts = (m.source, m.destination)
    states = calm = None
    while True:
        before, states = states, tuple(state(host, m.guest) for host in hosts)
        left = [f"{host.name} has {host.status_job(m.guest.name)}"
                for host, found in zip(hosts, states) if has_job(host, m.guest, found)]
        if left or states != before:
            calm = time.monotonic()
        elif time.monotonic() > calm + CALM:
            return states
        if time.monotonic() > deadline:
            raise Failure(f"a job is left, with the domain {' and '.join(states)}: "
                          f"{'; '.join(left)}")
        time.sleep(0.2)


def migrate_anew(t, m, states):
    """The guest, which is started anew if it died, can be migrated again."""
    hosts = (m.source, m.destination)
    if states in TWICE:
        t.timed(DESTROY_LIMIT, m.destination.domain(m.guest.name).destroy, "destroy")
        states = (states[0], "off")
    for host, found in zip(hosts, states):
        if found in ("paused", "broken"):
            t.timed(DESTROY_LIMIT, host.domain(m.guest.name).destroy, "destroy")
    if "running" not in states:
        m.guest.start(m.source)
    here, there = reversed(hosts) if states[1] == "running" else hosts
    t.timed(30, lambda: here.domain(m.guest.name).migrate3(
        there.connect(), {}, libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE),
            "the next migration")
    m.guest.check_alive()
    for host, name in zip((here, there), ("off", "running")):
        found = state(host, m.guest)
        t.check(found == name, f"after the next migration the domain on {host.name} is {found}")
        t.check_no_job(host, m.guest)


def destroy_if_stuck(t, m):
    """A QEMU in post-copy whose source died may answer its monitor no more, if one of
    its threads misses a page while it holds QEMU's big lock. A destroy ends that."""
    try:
        m.result(STUCK)
    except phases.NotHeld:
        t.log("the destination's QEMU is stuck")
        destination_destroyed(t, m)


def fault_in_phase(t, fault, kind, phase, guest):
    """Makes the fault in the phase, with @guest running on the source. Returns the
    domain's states on both hosts afterwards."""
    loops = [t.query_loop(host, guest) for host in (t.alpha, t.beta)]
    try:
        with phases.hold(t, kind, phase, guest) as m:
            try:
                fault.do(t, m)
            except libvirt.libvirtError as error:
                # The guest has left, and its migration may end the domain before the destroy.
                if (fault.name, phase, error.get_error_code()) != (
                        "source-destroyed", "source-end", libvirt.VIR_ERR_OPERATION_INVALID):
                    raise
                t.log(f"the destroy: {error}")
            time.sleep(0.3)
            m.release()
            if phase == "postcopy" and fault.name in SOURCE_DIES:
                destroy_if_stuck(t, m)
            if fault.name == "client-killed":
                m.client.wait()
                result = "its client is gone"
            else:
                result = m.result(END_LIMIT)
            states = settle(t, m)
            t.log(f"{fault.name} in {phase}: {states}, the migration's end: {result}")
            t.check(states in promised(fault, phase, kind),
                    f"the domain is {states[0]} on the source, {states[1]} on the destination")
            check_loops(t, fault, loops, states)
            migrate_anew(t, m, states)
    finally:
        for loop in loops:
            loop.stop()


def check_loops(t, fault, loops, states):
    """Every query was answered, and none failed where the guest has been all along."""
    t.check(all([loop.stop() for loop in loops]), "a query has not come back")
    for loop, where in zip(loops, ("source", "destination")):
        stayed = (where == "source" and states in STAYS
                  and fault.name != "source-daemon-killed")
        unexpected = loop.unexpected() if stayed else loop.unlike_death(EXPECTED)
        t.log(f"{where}: {len(loop.times)} answers, slowest {loop.slowest():.1f} s, "
              f"{len(loop.errors)} errors, {len(unexpected)} unexpected")
        t.check(not unexpected, f"a query on the {where} failed: {unexpected[:1]}")


def through_phases(t, fault, kind, names):
    """Makes the fault in each of the phases @names that the kind of migration has."""
    guest, faults = None, []
    for name in names:
        began = time.monotonic()
        if guest is None:
            guest = phases.make_guest(t, kind)
        try:
            t.learn(guest.start(t.alpha))
            fault_in_phase(t, fault, kind, name, guest)
        except (Failure, GuestFault, phases.NotHeld, libvirt.libvirtError) as error:
            t.log(f"FAULT {fault.name} in {name}: {error}")
            faults.append(f"in {name}: {error}")
            guest = None    # what the fault left of it must not spoil the next phase
            if t.deaths():
                break
        t.log(f"{name} took {time.monotonic() - began:.1f} s")
    t.check(not faults, "; ".join(faults))


@dataclasses.dataclass(frozen=True)
class Case:
    """A fault in migrations of a kind; stands for a kind of job in a scenario"""

    fault: Fault
    kind: phases.Kind

    @property
    def name(self):
        return f"{self.fault.name}-{self.kind.name}"

    def __call__(self):
        return self

    def phases(self):
        return [name for name, phase in phases.PHASES.items()
                if not phase.missing(self.kind) and not phase.restarts
                and not name.startswith("postcopy-")
                and not (self.kind.postcopy and name != "postcopy")
                and not (self.fault.needs_destination and name in NO_DESTINATION)]


def cases(*kinds):
    return [Case(fault, phases.KINDS[kind]) for kind in kinds for fault in FAULTS]


def known_of_stock(of):
    """What stock does wrong in some @of the cases: all in which the domain that
    arrives is stopped by the daemon that prepared it."""
    return {case.name: "who waits on the destination for an incoming domain that is stopped is "
                       "not woken, and has to time out"
            for case in of if "daemon" not in case.fault.name and case.fault.name != "peer-killed"}


# The copy of memory, and the phase in which nobody owns a direct migration's job
@scenario(kinds=cases("direct", "p2p"), timeout=240,
          stock_fails=known_of_stock(cases("direct", "p2p")))
def fault(t, case):
    through_phases(t, case.fault, case.kind,
                   ("performed",) if case.kind.p2p else ("memory", "performed"))


EVERY = cases("direct", "p2p", "storage", "postcopy", "postcopy-p2p")


# Two to four minutes each, but for post-copy
@scenario(kinds=EVERY, slow=True, timeout=900, stock_fails=known_of_stock(EVERY))
def fault_in_each_phase(t, case):
    through_phases(t, case.fault, case.kind, case.phases())
