# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs beside QEMU that take their time while a domain starts."""

import os
import time

from harness import jobs
from harness.scenario import scenario
from .hook_scripts import AT_ONCE, START, ask, check_answers, make_guest
from .waiting import Call

# The reservations of a disk that QEMU is never asked for: it finds nobody there.
LUN = """
    <controller type='scsi' model='virtio-scsi'/>
    <disk type='network' device='lun'>
      <driver name='qemu' type='raw'/>
      <source protocol='iscsi' name='iqn.2026-11.org.test:disk/1'>
        <host name='127.0.0.1' port='1'/><reservations managed='yes'/>
      </source>
      <target dev='sda' bus='scsi'/>
    </disk>
  </devices>"""

WAITS = "the domain is locked while the program runs"


class Setup:
    """swtpm_setup makes the state of a new TPM, before QEMU is started."""
    name = "swtpm-setup"
    process = False
    starts = True
    devices = jobs.TPM
    hold_program = staticmethod(jobs.hold_tpm)


class Reservations:
    """qemu-pr-helper opens its socket, when QEMU's process waits for its start."""
    name = "pr-helper"
    process = True
    starts = False
    devices = LUN

    @staticmethod
    def hold_program(t):
        jobs.configure(t, f'pr_helper = "{os.path.join(jobs.programs(t), "qemu-pr-helper")}"\n')
        return jobs.HeldProgram(t, "qemu-pr-helper")


KINDS = [Setup, Reservations]


def helped(t, kind):
    """Returns the program, which is held, and a guest that needs it."""
    program = kind.hold_program(t)
    program.hold()
    guest = make_guest(t, "guest")
    guest.xml = guest.xml.replace("</devices>", kind.devices)
    return program, guest


@scenario(kinds=KINDS, timeout=180, other=True, stock_fails={kind.name: WAITS for kind in KINDS})
def helper_program(t, kind):
    """A program that QEMU needs takes its time as a domain starts: what needs no job is answered
    at once, for this domain and others, and what does need one when the program is done."""
    program, guest = helped(t, kind)
    other = make_guest(t, "other")
    host = t.alpha
    other.start(host)
    own = host.connect().defineXML(guest.xml)
    start = Call(own.create)
    t.wait(program.begun, START, "the program")
    query = Call(lambda: host.connect().lookupByName(guest.name).blockStats("vda"))
    ask(t, host, other)
    # That defines it anew, too, for the next start.
    check_answers(t, guest, ask(t, host, guest), kind.process)
    t.check(start.is_alive() and query.is_alive(), f"a call has ended: {start.error} {query.error}")
    program.let_go()
    for call in (start, query):
        call.join(START)
        t.check(not call.is_alive(), "a call does not end")
    if kind.starts:
        t.check(not start.error, f"the start failed: {start.error}")
        t.check(not query.error, f"a query that has waited failed: {query.error}")
        guest.check_alive()
    else:
        t.check("iscsi" in str(start.error).lower(), f"the start: {start.error}")
    t.check_no_job(host, guest)


@scenario(kinds=KINDS, timeout=180, other=True, stock_fails={kind.name: WAITS for kind in KINDS})
def destroyed_in_helper_program(t, kind):
    """A destroy meanwhile gets through: the start fails. It ends the wait for qemu-pr-helper;
    swtpm_setup it has to wait for."""
    program, guest = helped(t, kind)
    host = t.alpha
    own = host.connect().defineXML(guest.xml)
    start = Call(own.create)
    t.wait(program.begun, START, "the program")
    destroy = Call(t.timed(AT_ONCE, lambda: host.connect().lookupByName(guest.name),
                           "lookup").destroy)
    time.sleep(0.5)
    t.timed(AT_ONCE, host.connect().listAllDomains, "list")
    if not kind.process:
        t.check(start.is_alive(), f"the start has ended: {start.error}")
        program.let_go()
    for call in (start, destroy):
        call.join(START)
        t.check(not call.is_alive(), "a call does not end")
    t.log(f"start: {start.error}; destroy: {destroy.error}")
    t.check(start.error, "the start of a domain that is destroyed succeeded")
    t.check(not destroy.error, f"the destroy: {destroy.error}")
    t.check(host.qemu_pid(guest.name) is None, "QEMU is there still")
    if kind.starts:
        t.check_startable(host, guest)
    else:
        t.check_no_job(host, guest)


@scenario(timeout=180, stock_fails=WAITS)
def helper_program_of_arrival(t):
    """The same on the receiving host of a migration, whose TPM has no state yet."""
    program, guest = helped(t, Setup)
    program.let_go()
    guest.start(t.alpha)
    program.hold()
    host = t.beta
    there = host.connect()
    domain = t.alpha.connect().lookupByName(guest.name)
    migration = Call(lambda: domain.migrate3(there, {}, jobs.MIGRATE_FLAGS))
    t.wait(program.begun, START, "the program")
    check_answers(t, guest, ask(t, host, guest), False)
    t.check(migration.is_alive(), f"the migration has ended: {migration.error}")
    program.let_go()
    migration.join(60)
    t.check(not migration.is_alive() and not migration.error,
            f"the migration: {migration.error}")
    guest.check_alive()
    t.check_no_job(host, guest)


@scenario(timeout=180)
def transient_tpm(t):
    """A domain that has no other definition starts with a new TPM."""
    program, guest = helped(t, Setup)
    program.let_go()
    t.alpha.conn.createXML(guest.xml)
    guest.check_alive()
