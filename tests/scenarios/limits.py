# SPDX-License-Identifier: LGPL-2.1-or-later
"""The limit on queued jobs, and the time that a job waits for."""

import re
import time

import libvirt

from harness import jobs
from harness.scenario import Skip, scenario

LIMIT = 4
CLIENTS = 8
JOB_WAIT = 2        # seconds

MODIFY_LIMIT = 30   # VIR_JOB_WAIT_TIME, in seconds


@scenario(stock_fails="its nested jobs count against the limit")
def max_queued(t):
    """Queries beyond the limit are refused at once; the async job never is."""
    t.qemu_conf = f"max_queued = {LIMIT}\n"
    t.allow("Cannot start job", "max_queued limit")
    guest = t.guest()
    t.learn(guest.start(t.alpha))
    loop = t.query_loop(t.alpha, guest, clients=CLIENTS, calls=("block", "job"))
    try:
        domain = t.alpha.domain(guest.name)
        for number in range(3):
            path = f"{guest.folder}/dump{number}"
            domain.coreDumpWithFormat(path, libvirt.VIR_DOMAIN_CORE_DUMP_FORMAT_RAW,
                                      libvirt.VIR_DUMP_LIVE)
        domain.migrate3(t.beta.conn, {}, jobs.MIGRATE_FLAGS)
    finally:
        t.check(loop.stop(), "a query has not come back")
    refused = [error for error in loop.errors if isinstance(error, libvirt.libvirtError)
               and error.get_error_code() == libvirt.VIR_ERR_OPERATION_FAILED
               and "due to max_queued limit" in str(error)]
    others = loop.unexpected((libvirt.VIR_ERR_OPERATION_FAILED,
                              libvirt.VIR_ERR_OPERATION_INVALID))
    t.log(f"{len(loop.times)} answers, {len(refused)} refused")
    if not refused and t.stock:
        raise Skip("stock does not apply max_queued: 9.0.0 reads it from qemu.conf, "
                   "but never hands it to the job engine")
    t.check(refused, "no query was refused: the limit was not put to the test")
    t.check(loop.times, "no query was answered")
    t.check(not others, f"a query failed otherwise: {others[:1]}")
    guest.check_alive()


def refusal(t, job):
    """Has a migration go on, and a call that it does not let in. Returns after how many
    seconds that call has failed; its error must name the migration."""
    t.allow("Cannot start job", "cannot acquire state change lock")
    job.open(t)
    began = time.monotonic()
    try:
        job.domain.setMemoryFlags(job.domain.maxMemory(), libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError as error:
        took = time.monotonic() - began
        t.log(f"after {took:.1f} s: {error}")
        t.check(error.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT,
                f"not the error of a timeout: {error}")
        t.check("cannot acquire state change lock (held by monitor=remoteDispatchDomainMigrate"
                in str(error), f"the error does not name the migration: {error}")
        t.check(t.stock or re.search(r"lock \(held by monitor=remoteDispatchDomainMigratePerform\S+ "
                                     r"async=migration out phase=perform3 age=\d+s\)", str(error)),
                f"the error does not name the job: {error}")
        return took
    return t.fail("a job that modifies was let in")


def end(t, job):
    t.check(job.is_open(), "the migration has ended meanwhile")
    job.domain.destroy()
    job.wait_end()
    job.check_over()


@scenario(stock_fails="qemu.conf has no such setting")
def job_wait(t):
    """A client's call gives up after the time that qemu.conf has, and says which job it
    has waited for."""
    t.qemu_conf = f"job_wait = {JOB_WAIT}\n"
    job = jobs.MigrationOut()
    took = refusal(t, job)
    t.check(took < MODIFY_LIMIT / 2, f"it took {took:.1f} s")
    end(t, job)


@scenario(slow=True)
def job_timeout(t):
    """A call that the async job does not let in gives up after 30 s and names it."""
    job = jobs.MigrationOut()
    took = refusal(t, job)
    t.check(MODIFY_LIMIT - 2 <= took <= MODIFY_LIMIT + 10, f"it took {took:.1f} s")
    end(t, job)
