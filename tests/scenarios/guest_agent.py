# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshots for which the guest's agent freezes the file systems."""

import os
import signal
import time

import libvirt

from harness.agent import FREEZE, THAW, Agent
from harness.scenario import scenario

from .waiting import Call

# Seconds: an answer that waits for nothing; a graceful destroy that is in vain
AT_ONCE = 5
GRACE = 20

# A destroy that is to be graceful fails since this version if QEMU does not end.
TELLS_FAILURE = 9001000

# QEMU does not hear of SIGTERM.
EMULATOR = """#!/bin/sh
exec env --block-signal=TERM /usr/bin/qemu-system-x86_64 "$@"
"""


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


@scenario(stock_fails="the domain is locked while the destroy waits for QEMU")
def thaw_under_destroy(t):
    """A graceful destroy during a quiesced snapshot is in vain: the guest is thawed at once."""
    guest = t.guest()
    emulator = os.path.join(guest.folder, "qemu")
    with open(emulator, "w", opener=lambda path, flags: os.open(path, flags, 0o755)) as script:
        script.write(EMULATOR)
    guest.xml = guest.xml.replace("/usr/bin/qemu-system-x86_64", emulator)
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
