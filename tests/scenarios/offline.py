# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a domain that is off holds up while qemu-img works on its images."""

import signal
import subprocess
import time

import libvirt

from harness import queries
from harness.jobs import hold_img
from harness.scenario import scenario
from .waiting import AT_ONCE, LIMIT, Call

SNAPSHOT = "<domainsnapshot><name>s</name></domainsnapshot>"


class Create:
    name = "create"

    @staticmethod
    def prepare(domain):
        pass

    @staticmethod
    def call(domain):
        domain.snapshotCreateXML(SNAPSHOT)


class Delete:
    name = "delete"
    prepare = Create.call

    @staticmethod
    def call(domain):
        domain.snapshotLookupByName("s").delete()


class Revert(Delete):
    name = "revert"

    @staticmethod
    def call(domain):
        domain.revertToSnapshot(domain.snapshotLookupByName("s"))


class RevertAndStart(Revert):
    name = "revert-and-start"

    @staticmethod
    def call(domain):
        domain.revertToSnapshot(domain.snapshotLookupByName("s"),
                                libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING)


def begin(t, change):
    """A guest that is off, of which @change is held by qemu-img; and the call of that."""
    img = hold_img(t)
    guest = t.guest(disk_format="qcow2")
    domain = t.alpha.conn.defineXML(guest.xml)
    change.prepare(domain)
    img.hold()
    own = t.alpha.connect().lookupByName(guest.name)
    call = Call(lambda: change.call(own))
    t.wait(img.begun, AT_ONCE, "qemu-img does not run")
    return img, guest, call


def check_done(t, guest, change, call):
    """@call has succeeded, and the image is what @change makes of it."""
    call.join(AT_ONCE)
    t.check(not call.is_alive() and not call.error, f"the call: {call.error}")
    told = subprocess.run(["/usr/bin/qemu-img", "snapshot", "-U", "-l", guest.disk], check=True,
                          capture_output=True, text=True).stdout
    names = t.alpha.connect().lookupByName(guest.name).snapshotListNames()
    wanted = [] if change is Delete else ["s"]
    t.check(names == wanted and ("TAG" in told) == bool(wanted),
            f"snapshots are {names}, by qemu-img {told!r}")


@scenario(kinds=[Create, Delete, Revert], other=True,
          stock_fails="it runs qemu-img with the domain locked")
def qemu_img(t, change):
    """qemu-img makes, deletes or goes back to a snapshot of a domain that is off: lists and
    what needs no job are told at once, all else waits until it is done, and is done then."""
    change = type(change)
    img, guest, call = begin(t, change)
    conn = t.alpha.connect()
    domain = t.timed(1, lambda: conn.lookupByName(guest.name), "lookup")
    stats = t.timed(1, lambda: queries.domain_stats(domain), "its statistics")
    t.check(stats["state.state"] == libvirt.VIR_DOMAIN_SHUTOFF, f"its statistics: {stats}")
    for what, function in (("list", conn.listAllDomains), ("state", domain.state),
                           ("XML", domain.XMLDesc), ("snapshots", domain.snapshotListNames),
                           ("statistics", conn.getAllDomainStats)):
        t.timed(1, function, what)

    def other(function):
        there = t.alpha.connect()
        return Call(lambda: function(there, there.lookupByName(guest.name)))

    titled = guest.xml.replace("<memory", "<title>another definition</title><memory", 1)
    waiting = [other(lambda there, same: same.blockInfo("vda")),
               other(lambda there, same: there.defineXML(titled)),
               other(lambda there, same: same.setMetadata(
                   libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, "changed", None, None))]
    destroy = other(lambda there, same: same.destroy())
    # A reload reads all definitions anew, whoever works with them.
    t.alpha.daemon.send_signal(signal.SIGHUP)
    time.sleep(3)
    t.timed(1, conn.listAllDomains, "a later list")
    ended = [number for number, waits in enumerate((*waiting, destroy)) if not waits.is_alive()]
    t.check(not ended and call.is_alive(), f"{ended} did not wait: {[w.error for w in waiting]}")
    img.let_go()
    check_done(t, guest, change, call)
    for waits in waiting:
        waits.join(AT_ONCE)
        t.check(not waits.is_alive() and not waits.error, f"a call that waited: {waits.error}")
    destroy.join(AT_ONCE)
    t.check(destroy.error and destroy.error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID,
            f"the destroy of a domain that is off: {destroy.error}")
    later = queries.domain_stats(domain)
    t.check(stats.keys() == later.keys(), f"only sometimes told: {stats.keys() ^ later.keys()}")
    t.check("another definition" in domain.XMLDesc(), "the new definition is lost")
    t.timed(AT_ONCE, domain.create, "start")
    guest.wait_ready()
    t.check_no_job(t.alpha, guest)


@scenario(slow=True, stock_fails="it runs qemu-img with the domain locked")
def qemu_img_long(t):
    """A start waits for qemu-img as on stock for the lock: for longer than for another job."""
    img, guest, call = begin(t, Delete)
    own = t.alpha.connect().lookupByName(guest.name)
    start = Call(own.create)
    time.sleep(LIMIT + 5)
    t.timed(1, t.alpha.connect().listAllDomains, "list")
    t.check(start.is_alive(), f"the start did not wait: {start.error}")
    img.let_go()
    check_done(t, guest, Delete, call)
    start.join(AT_ONCE)
    t.check(not start.is_alive() and not start.error, f"the start: {start.error}")
    guest.wait_ready()


@scenario(stock_fails="it runs qemu-img with the domain locked")
def destroyed_in_revert(t):
    """A domain is destroyed while qemu-img goes back to a snapshot, after which the revert
    starts the domain: it is off when both have ended."""
    img, guest, call = begin(t, RevertAndStart)
    t.timed(1, t.alpha.connect().listAllDomains, "list")
    own = t.alpha.connect().lookupByName(guest.name)
    destroy = Call(own.destroy)
    time.sleep(1)
    t.check(destroy.is_alive() and call.is_alive(), f"did not wait: {destroy.error}, {call.error}")
    img.let_go()
    for one in (call, destroy):
        one.join(20)
        t.check(not one.is_alive(), "a call does not end")
    t.log(f"revert: {call.error}; destroy: {destroy.error}")
    t.check(not destroy.error and not own.isActive(),
            f"the destroy: {destroy.error}, the domain is in state {own.state()}")
    t.check_startable(t.alpha, guest)
