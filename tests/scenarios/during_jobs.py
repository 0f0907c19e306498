# SPDX-License-Identifier: LGPL-2.1-or-later
"""Queries, destroy, abort and the death of QEMU during each kind of async job."""

import os
import signal
import time

import libvirt

from harness import jobs, queries
from harness.scenario import Skip, scenario

# Seconds
MEDIAN_LIMIT = 2
OFF_LIMIT = 10

# What a query may say when QEMU dies under it, or has died
DIED = (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_DOMAIN,
        libvirt.VIR_ERR_OPERATION_FAILED, libvirt.VIR_ERR_INTERNAL_ERROR,
        libvirt.VIR_ERR_SYSTEM_ERROR)   # of the monitor's socket


def query_for_a_while(t, loop, seconds=3):
    """Lets the loop's clients query the domain while its job is open."""
    time.sleep(seconds)
    t.check(loop.stop(), "a query has not come back")
    t.log(f"{len(loop.times)} answers, median {loop.median():.3f} s, "
          f"slowest {loop.slowest():.3f} s, {len(loop.errors)} errors")
    t.check(not loop.errors, f"{len(loop.errors)} queries failed, first: {loop.errors[:1]}")
    t.check(loop.median() <= MEDIAN_LIMIT, f"the median of queries took {loop.median():.2f} s")
    t.check(len(loop.times) >= 3, f"only {len(loop.times)} queries were answered")


def abort_now(t, job):
    """Aborts the job from another connection; its call must tell so."""
    t.timed(10, job.host.connect().lookupByName(job.guest.name).abortJob, "abort")
    error = job.wait_end()
    t.log(f"the job's call ended: {error}")
    t.check(error or not job.abort_is_failure,
            "the job's call succeeded although the job was aborted")
    t.check_no_job(job.host, job.guest)
    t.check(job.domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING,
            "the domain does not run after the abort")


def check_died(t, loop):
    """The queries of @loop failed only as they may when the domain dies."""
    unexpected = loop.unlike_death(DIED)
    t.check(not unexpected, f"a query failed: {unexpected[:1]}")


@scenario(kinds=jobs.KINDS,
          stock_fails={kind.name: "queries wait while a guest arrives"
                       for kind in (jobs.MigrationIn, jobs.Restore)},
          other=("save", "dump", "snapshot-live", "backup-push"))
def query(t, job):
    """Queries are answered while the job runs."""
    job.open(t)
    query_for_a_while(t, t.query_loop(job.host, job.guest))
    kind = t.timed(5, lambda: queries.job_type(job.domain), "domjobinfo")
    t.check(kind != libvirt.VIR_DOMAIN_JOB_NONE, "domjobinfo does not know of the job")
    t.check(job.is_open(), "the job has ended meanwhile")
    job.domain.destroy()
    job.wait_end()


CRASH = "its daemon may crash: qemuMigrationSrcRun looks at a job that the destroy took away"


@scenario(kinds=jobs.KINDS,
          stock_fails={kind.name: CRASH for kind in jobs.KINDS if kind.name.startswith("migrate")},
          other=("migrate-p2p", "save"))
def destroy(t, job):
    """A destroy gets in under queries, and the domain can be used again."""
    job.open(t)
    loop = t.query_loop(job.host, job.guest)
    t.timed(job.destroy_limit, job.domain.destroy, "destroy")
    error = job.wait_end()
    t.log(f"the job's call ended: {error}")
    t.check(error is not None, "the job's call succeeded although the domain was destroyed")
    t.check(loop.stop(), "a query has not come back")
    check_died(t, loop)
    job.check_over()


@scenario(kinds=[kind for kind in jobs.KINDS if kind.abortable])
def abort(t, job):
    """An abort ends the job; the guest runs on, and the next job works."""
    job.open(t)
    abort_now(t, job)
    job.guest.check_alive()
    job.reopen()
    abort_now(t, job)


@scenario(kinds=[jobs.SnapshotDelete],
          stock_fails="it cancels a migration, which there is none of, and says that it aborted")
def abort_commit(t, job):
    """An abort ends the deletion of a snapshot, and another deletion may begin."""
    job.open(t)
    abort_now(t, job)
    job.guest.check_alive()
    t.check(job.domain.snapshotLookupByName("s") is not None, "the snapshot is gone")


@scenario(stock_fails="it cancels a migration, which there is none of, and takes the snapshot")
def abort_format(t):
    """An abort while the image of a snapshot is formatted ends the snapshot, and another one
    may be taken."""
    job = jobs.SnapshotFormat()
    job.open(t)
    for _ in range(2):
        t.timed(5, job.host.connect().lookupByName(job.guest.name).abortJob, "abort")
        error = job.wait_end(30)
        t.check(error and error.get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED,
                f"the aborted snapshot ended with: {error}")
        t.check_no_job(job.host, job.guest)
        last = job.domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
        t.check(last["type"] != libvirt.VIR_DOMAIN_JOB_COMPLETED, f"the last job is told as {last}")
        t.check(not job.domain.listAllSnapshots(), "there is a snapshot")
        t.check("new-image" not in job.domain.XMLDesc() and "nbd" not in job.domain.XMLDesc(),
                "the guest writes to the new image")
        job.guest.check_alive()
        job.reopen()
    t.check(job.wait_end(60) is None, f"not aborted, the snapshot failed: {job.wait_end()}")
    job.guest.check_alive()


@scenario(other=True, stock_fails="it asks QEMU about the image that is being opened, which 7.2 dies of")
def query_while_formatting(t):
    """A guest survives that it is asked about its disks while QEMU formats an image for it."""
    job = jobs.SnapshotOpen()
    job.open(t)
    loop = t.query_loop(job.host, job.guest)
    error = job.wait_end(90)
    t.check(loop.stop(), "a query has not come back")
    t.log(f"{len(loop.times)} answers, slowest {loop.slowest():.3f} s")
    t.check(error is None, f"the snapshot failed: {error}")
    # The statistics wait for 2 s, and have then what is known without QEMU.
    wrong = [error for error in loop.errors if not str(error).startswith(queries.LACKS)]
    t.check(not wrong, f"{len(wrong)} queries failed, first: {wrong[:1]}")
    job.guest.check_alive()


@scenario(other=True, stock_fails="it says that it aborted, and the domain has reverted")
def abort_revert(t):
    """A revert has stopped the domain, so that nothing is left to go back to: an abort is
    refused, and the revert goes on."""
    job = jobs.RevertExternal()
    job.set_up(t)
    if job.host.conn.getLibVersion() < jobs.REVERTS:
        raise Skip("this release does not revert to an external snapshot")
    job.reopen()
    try:
        t.timed(5, job.host.connect().lookupByName(job.guest.name).abortJob, "abort")
        t.fail("the abort succeeded")
    except libvirt.libvirtError as error:
        t.check(error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID, f"the abort: {error}")
    t.check(job.wait_end(60) is None, f"the revert failed: {job.wait_end()}")
    t.check("overlay" not in job.domain.XMLDesc(), "the domain has not reverted")
    job.guest.check_alive()


@scenario(kinds=jobs.KINDS,
          stock_fails={kind.name: CRASH for kind in jobs.KINDS if kind.name.startswith("migrate")},
          other=("managedsave",))
def qemu_killed(t, job):
    """QEMU dies: the job ends with an error and the domain can be used again."""
    job.open(t)
    loop = t.query_loop(job.host, job.guest)
    time.sleep(0.5)
    os.kill(job.host.qemu_pid(job.guest.name), signal.SIGKILL)
    error = job.wait_end()
    t.log(f"the job's call ended: {error}")
    t.check(error is not None, "the job's call succeeded although QEMU died")
    t.wait(lambda: job.host.qemu_pid(job.guest.name) is None
           and not job.host.conn.listDomainsID(), OFF_LIMIT, "the domain is not off")
    t.check(loop.stop(), "a query has not come back")
    check_died(t, loop)
    job.check_over()


@scenario(kinds=[jobs.Save, jobs.DumpLive, jobs.SnapshotMemory])
def slow_helper(t, job):
    """QEMU is done with the job, but libvirt's I/O helper waits for the file that
    it writes to: queries are answered and a destroy gets in."""
    job.open(t)
    job.pipe.stand_still(t)
    t.timed(10, job.host.connect().lookupByName(job.guest.name).abortJob, "abort")
    query_for_a_while(t, t.query_loop(job.host, job.guest), 2)
    t.check(job.is_open(), "the job has ended although its file stands still")
    t.timed(job.destroy_limit, job.domain.destroy, "destroy")
    job.pipe.rate = 64 << 20
    t.check(job.wait_end() is not None, "the job's call succeeded although it was aborted")
    job.check_over()


@scenario(stock_fails="it waits for the compressor with the domain locked")
def slow_compressor(t):
    """QEMU has written all of the guest and the compressor does not end: queries are
    answered, a destroy gets in, an aborted save fails once the compressor ends."""
    job = jobs.CompressedSave()
    job.open(t)
    query_for_a_while(t, t.query_loop(job.host, job.guest), 1)
    t.timed(5, job.host.connect().lookupByName(job.guest.name).abortJob, "abort")
    job.let_go()
    error = job.wait_end()
    t.check(error and error.get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED,
            f"the aborted save ended with: {error}")
    t.check_no_job(job.host, job.guest)
    job.guest.check_alive()
    job.reopen()
    t.timed(OFF_LIMIT, job.domain.destroy, "destroy")
    job.let_go()
    t.check(job.wait_end() is not None, "the save of a destroyed domain succeeded")
    job.check_over()


@scenario(stock_fails="11.3.0: what the compressor says is written to a stack that others use",
          other=True)
def failing_compressor(t):
    """A compressor that has read all of the guest complains and fails: the save fails and says
    why, the guest runs on, and the daemon lives."""
    jobs.put_before(t, "gzip", "cat >/dev/null\n"
                               "for i in $(seq 50); do echo 'no room left'; done >&2\nexit 3\n")
    t.qemu_conf += 'save_image_format = "gzip"\n'
    guest = t.guest()
    domain = guest.start(t.beta)
    for number in range(3):
        said = ""
        try:
            domain.save(os.path.join(guest.folder, f"image{number}"))
        except libvirt.libvirtError as error:
            said = str(error)
        t.log(f"the save ended with: {said}")
        t.check("no room left" in said, f"the save does not say why it failed: {said}")
        t.check_no_job(t.beta, guest)
        guest.check_alive()


@scenario(kinds=[jobs.unread(kind) for kind in (jobs.Save, jobs.DumpLive, jobs.SnapshotMemory)],
          stock_fails="it opens the image with the domain locked")
def unread_pipe(t, job):
    """The image cannot be opened before somebody reads the pipe: the domain is listed and
    answers, an abort ends the job once the pipe is read, a destroy gets in."""
    job.open(t)
    conn = job.host.connect()
    t.timed(2, conn.listAllDomains, "list")
    query_for_a_while(t, t.query_loop(job.host, job.guest), 1)
    t.check(job.is_open(), "the job has ended although its image is not open")
    t.timed(5, conn.lookupByName(job.guest.name).abortJob, "abort")
    job.pipe.read()
    error = job.wait_end()
    t.check(error and error.get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED,
            f"the aborted job ended with: {error}")
    t.check_no_job(job.host, job.guest)
    job.guest.check_alive()
    job.reopen()
    t.timed(job.destroy_limit, job.domain.destroy, "destroy")
    job.pipe.read()
    t.check(job.wait_end() is not None, "the job of a destroyed domain succeeded")
    job.check_over()
