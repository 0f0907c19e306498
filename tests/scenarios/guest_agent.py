# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshots for which the guest's agent freezes the file systems."""

import os
import signal
import time

import libvirt

from harness import odd_qemu, queries
from harness.agent import FREEZE, THAW, Agent
from harness.scenario import scenario

from .waiting import Call

# Seconds: an answer that waits for nothing; a graceful destroy that is in vain; another one
AT_ONCE = 5
GRACE = 20
DESTROY = 12

# A destroy that is to be graceful fails since this version if QEMU does not end.
TELLS_FAILURE = 9001000


def start(t, guest):
    """Starts @guest and waits until libvirt has connected to its agent. Returns both."""
    agent = Agent(guest)
    domain = guest.start(t.alpha)
    t.wait(agent.connected, 20, "libvirt does not connect to the agent")
    return domain, agent


def overlay_path(guest):
    return os.path.join(guest.folder, "overlay")


def snapshot(t, guest):
    """A quiesced snapshot under way, on a connection of its own"""
    domain = t.alpha.connect().lookupByName(guest.name)
    return Call(lambda: domain.snapshotCreateXML(f"""
        <domainsnapshot>
          <name>s</name>
          <disks><disk name='vda' snapshot='external'><source file='{overlay_path(guest)}'/></disk></disks>
        </domainsnapshot>""",
        libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE))


def ask(t, guest):
    """Asks for what needs no agent."""
    conn = t.alpha.connect()
    domain = conn.lookupByName(guest.name)
    stats = t.timed(AT_ONCE, conn.getAllDomainStats, "domstats of all")[0][1]
    t.check(queries.OF_QEMU <= set(stats), f"domstats of all has only {sorted(stats)}")
    t.timed(AT_ONCE, lambda: domain.blockStats("vda"), "domblkstat")
    kind = t.timed(AT_ONCE, domain.jobInfo, "domjobinfo")[0]
    t.check(kind == libvirt.VIR_DOMAIN_JOB_UNBOUNDED, f"domjobinfo tells of a job of type {kind}")
    queries.check_snapshot_job(t, domain)


@scenario(stock_fails="the domain is locked while the destroy waits for QEMU")
def thaw_under_destroy(t):
    """A graceful destroy during a quiesced snapshot is in vain: the guest is thawed at once."""
    guest = t.guest()
    odd_qemu.use_deaf(guest)
    domain, agent = start(t, guest)
    agent.hold(FREEZE)
    call = snapshot(t, guest)
    t.wait(lambda: agent.asked(FREEZE), AT_ONCE, "the agent is not asked to freeze")
    # The snapshot goes on to QEMU, which is not there for a while.
    pid = t.alpha.qemu_pid(guest.name)
    os.kill(pid, signal.SIGSTOP)
    agent.release(FREEZE)
    t.wait(lambda: agent.frozen, AT_ONCE, "the agent does not freeze")
    time.sleep(0.5)
    destroy = Call(lambda: domain.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL))
    time.sleep(1)
    t.check(agent.frozen and call.is_alive() and destroy.is_alive(), "the destroy came too late")
    os.kill(pid, signal.SIGCONT)
    t.wait(lambda: agent.asked(THAW) and not agent.frozen, AT_ONCE, "the guest stays frozen")
    call.join(AT_ONCE)
    t.check(not call.is_alive(), "the snapshot has not ended")
    t.log(f"the snapshot: {call.error}")
    # libvirt 9.0.0 takes no notice of its own error, and kills QEMU after all.
    fails = t.alpha.conn.getLibVersion() >= TELLS_FAILURE
    if not fails:
        os.kill(pid, signal.SIGKILL)
    destroy.join(GRACE)
    t.check(not destroy.is_alive(), "the destroy has not ended")
    t.log(f"the destroy, after {destroy.took:.1f} s: {destroy.error}")
    if fails:
        t.check(destroy.error, "the destroy has not failed")
        guest.check_alive()


@scenario(stock_fails="a snapshot of disks admits no query")
def query_while_frozen(t):
    """While the agent freezes and thaws the guest for a snapshot queries are answered; what
    needs the agent waits, and so does what changes the domain."""
    guest = t.guest()
    domain, agent = start(t, guest)
    agent.hold(FREEZE)
    agent.hold(THAW)
    call = snapshot(t, guest)
    t.wait(lambda: agent.asked(FREEZE), AT_ONCE, "the agent is not asked to freeze")
    ask(t, guest)
    time_of_guest = Call(t.alpha.connect().lookupByName(guest.name).getTime)
    change = Call(lambda: domain.setMemoryFlags(domain.maxMemory(),
                                                libvirt.VIR_DOMAIN_AFFECT_LIVE))
    time.sleep(1)
    t.check(time_of_guest.is_alive() and change.is_alive(), "a call does not wait for the freeze")
    agent.release(FREEZE)
    t.wait(lambda: agent.asked(THAW), AT_ONCE, "the agent is not asked to thaw")
    ask(t, guest)
    t.check(call.is_alive() and change.is_alive(), "a call does not wait for the thaw")
    agent.release(THAW)
    for ended in (call, change):
        ended.join(AT_ONCE)
        t.check(not ended.is_alive() and not ended.error, f"a call failed: {ended.error}")
    t.check(not agent.frozen, "the guest stays frozen")
    t.timed(AT_ONCE, domain.getTime, "domtime")
    guest.check_alive()


@scenario(stock_fails="a snapshot of disks admits no query")
def silent_agent(t):
    """An agent never answers: the daemon may be restarted, and the domain destroyed."""
    guest = t.guest()
    domain, agent = start(t, guest)
    agent.hold(FREEZE)
    call = snapshot(t, guest)
    t.wait(lambda: agent.asked(FREEZE), AT_ONCE, "the agent is not asked to freeze")
    t.alpha.kill_daemon()
    call.join(AT_ONCE)
    t.alpha.start()
    t.check_no_job(t.alpha, guest)
    agent.calls.clear()
    domain = t.alpha.domain(guest.name)
    call = snapshot(t, guest)
    t.wait(lambda: agent.asked(FREEZE), AT_ONCE, "the agent is not asked to freeze again")
    ask(t, guest)
    t.timed(DESTROY, domain.destroy, "destroy")
    call.join(AT_ONCE)
    t.check(not call.is_alive() and call.error, "the snapshot has not failed")
    t.log(f"the snapshot: {call.error}")
    agent.release(FREEZE)
    t.check_startable(t.alpha, guest)
