# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon dies in the middle of an async job, and comes back."""

import json
import re

import libvirt
import libvirt_qemu

from harness import jobs
from harness.scenario import scenario

from .during_jobs import abort_now, query_for_a_while


def restart(t, job, edit_status=None):
    """Kills the daemon and starts it again; the guest must live through it.
    @edit_status changes the text of the domain's status file meanwhile."""
    pid = job.host.qemu_pid(job.guest.name)
    job.host.kill_daemon()
    t.check(job.host.qemu_pid(job.guest.name) == pid, "the guest died with the daemon")
    if edit_status:
        path = job.host.status_path(job.guest.name)
        with open(path) as file:
            text = file.read()
        changed = edit_status(text)
        t.check(changed != text, "nothing to edit in the status file")
        with open(path, "w") as file:
            file.write(changed)
    job.host.start()
    job.domain = job.host.domain(job.guest.name)
    t.check(job.host.qemu_pid(job.guest.name) == pid and job.domain.isActive(),
            "the new daemon has lost the domain")


def check_usable(t, job):
    """The guest runs, queries are answered, and the same job works anew."""
    t.wait(lambda: job.domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING, 10,
           "the domain does not run")
    t.check_no_job(job.host, job.guest)
    query_for_a_while(t, t.query_loop(job.host, job.guest), 1)
    job.guest.check_alive()
    job.reopen()
    abort_now(t, job)


@scenario(kinds=[jobs.MigrationOut, jobs.MigrationPeer, jobs.MigrationTunnelled,
                 jobs.MigrationStorage, jobs.Save, jobs.Dump, jobs.DumpLive,
                 jobs.SnapshotMemory], other=("migrate-p2p",))
def daemon_killed(t, job):
    """The new daemon cancels the job that nobody runs any more."""
    job.open(t)
    restart(t, job)
    t.check(job.wait_end() is not None, "the job's call succeeded although the daemon died")
    check_usable(t, job)


@scenario(kinds=[jobs.BackupPull, jobs.BackupPush], other=("backup-push",))
def daemon_killed_in(t, job):
    """A backup goes on under the new daemon: it is answerable, and abortable."""
    job.open(t)
    restart(t, job)
    t.check(job.is_open(), "the backup is gone")
    query_for_a_while(t, t.query_loop(job.host, job.guest), 1)
    abort_now(t, job)
    check_usable(t, job)


@scenario(kinds=[jobs.DumpMemory])
def daemon_killed_stuck(t, job):
    """QEMU cannot be stopped from dumping, and the domain stays paused: still it
    answers, and it can be destroyed."""
    job.open(t)
    restart(t, job)
    t.check(job.wait_end() is not None, "the job's call succeeded although the daemon died")
    query_for_a_while(t, t.query_loop(job.host, job.guest), 2)
    t.timed(job.destroy_limit, job.domain.destroy, "destroy")
    job.check_over()


def dump_status(domain):
    """What QEMU says of its last dump"""
    answer = libvirt_qemu.qemuMonitorCommand(domain, '{"execute": "query-dump"}', 0)
    return json.loads(answer)["return"]["status"]


@scenario(kinds=[jobs.DumpMemory],
          stock_fails="the daemon looks at the statistics of a job that it has not got")
def dump_completes_after_restart(t, job):
    """QEMU goes on with a dump that the new daemon knows nothing of: its end is no harm."""
    job.open(t)
    restart(t, job)
    t.check(job.wait_end() is not None, "the job's call succeeded although the daemon died")
    job.pipe.hurry()
    t.wait(lambda: dump_status(job.domain) == "completed", 30, "the dump does not complete")
    query_for_a_while(t, t.query_loop(job.host, job.guest), 1)
    t.timed(job.destroy_limit, job.domain.destroy, "destroy")
    job.check_over()


@scenario(kinds=[jobs.BackupPull, jobs.MigrationOut])
def status_of_stock(t, job):
    """A status file that names stock's nested job loses no domain."""
    job.open(t)
    restart(t, job, lambda text: re.sub(r"<job type='[^']*'", "<job type='async nested'", text))
    if isinstance(job, jobs.Backup):
        t.check(job.is_open(), "the backup is gone")
        abort_now(t, job)
    check_usable(t, job)
