# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon dies in the middle of an async job, and comes back."""

import json
import os
import re
import signal
import time

import libvirt
import libvirt_qemu

from harness import faults, jobs, odd_qemu
from harness.scenario import scenario

from .during_jobs import abort_now, query_for_a_while
from .waiting import Call


def edit_status(t, host, guest, edit):
    """edit() changes the text of the domain's status file, while no daemon runs."""
    path = host.status_path(guest.name)
    with open(path) as file:
        text = file.read()
    changed = edit(text)
    t.check(changed != text, "nothing to edit in the status file")
    with open(path, "w") as file:
        file.write(changed)


def restart(t, job, edit=None):
    """Kills the daemon and starts it again; the guest must live through it.
    @edit changes the text of the domain's status file meanwhile."""
    pid = job.host.qemu_pid(job.guest.name)
    job.host.kill_daemon()
    t.check(job.host.qemu_pid(job.guest.name) == pid, "the guest died with the daemon")
    if edit:
        edit_status(t, job.host, job.guest, edit)
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


@scenario(stock_fails="the domain keeps the job of a backup that has not begun")
def daemon_killed_before_backup(t):
    """A backup that QEMU has not been told of is forgotten by the new daemon."""
    job = jobs.BackupPull()
    job.set_up(t)
    pid = job.host.qemu_pid(job.guest.name)
    os.kill(pid, signal.SIGSTOP)
    job.begin()
    t.wait(lambda: (job.host.status_job(job.guest.name) or {}).get("async") == "backup", 10,
           "the job has begun")
    job.host.kill_daemon()
    os.kill(pid, signal.SIGCONT)
    job.host.start()
    job.domain = job.host.domain(job.guest.name)
    check_usable(t, job)


@scenario()
def daemon_killed_in_graceful_destroy(t):
    """QEMU takes no SIGTERM, and the daemon is killed while a graceful destroy waits for it: the
    new daemon does not kill the guest, as the destroy would have been in vain."""
    guest = t.guest()
    odd_qemu.use_deaf(guest)
    domain = guest.start(t.alpha)
    destroy = Call(lambda: domain.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL))
    time.sleep(2)
    t.check(destroy.is_alive(), "QEMU took the SIGTERM")
    t.alpha.kill_daemon()
    t.alpha.start()
    time.sleep(2)
    guest.check_alive()
    t.check_no_job(t.alpha, guest)


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


PHASES = ("none", "perform2", "begin3", "perform3", "perform3_done", "confirm3_cancelled",
          "confirm3", "prepare", "finish2", "finish3", "postcopy_failed", "begin_resume",
          "perform_resume", "confirm_resume", "prepare_resume", "finish_resume")
JOBS = ("none", "query", "destroy", "suspend", "modify", "abort", "migration operation", "async",
        "async nested")
# What a status file may say of a job that was never begun: true of some other moment, or of
# none at all
ODD = [*(f"type='none' async='{job}' phase='{phase}'"
         for job in ("migration out", "migration in") for phase in PHASES),
       *(f"type='none' async='{job}'" for job in ("save", "dump", "snapshot", "start", "backup")),
       *(f"type='{job}' async='none'" for job in JOBS),
       *(f"type='{job}' async='migration out' phase='perform3'" for job in JOBS),
       "type='' async=''", "type='nothing' async='none'", "type='none' async='nothing'",
       "type='none' async='migration out' phase='nothing'", "type='none'", "async='dump'",
       "type='none' async='save' phase='perform3'"]


class OddHost:
    """A host whose daemon finds an odd status file of @guest"""

    def __init__(self, t, host, guest):
        self.t, self.host, self.guest = t, host, guest

    def outcome(self, odd):
        """What becomes of the guest if its status file says @odd of its job. It runs again
        after that."""
        pid = self.host.qemu_pid(self.guest.name)
        self.host.kill_daemon()
        self.t.check(not self.host.status_job(self.guest.name), "the domain has a job")
        edit_status(self.t, self.host, self.guest,
                    lambda text: text.replace("</domstatus>", f"<job {odd}/></domstatus>"))
        self.host.start()
        domain = self.host.domain(self.guest.name)
        # The new daemon deals with its domains in threads of their own; a job waits for them,
        # unless the domain lets none in.
        job = faults.leaked_job(self.host, self.guest.name)
        state = self.t.timed(10, domain.state, "domstate")[0]
        alive = self.host.qemu_pid(self.guest.name) == pid
        if state == libvirt.VIR_DOMAIN_SHUTOFF:
            job = None      # what was said while it was ending
            if alive:
                os.kill(pid, signal.SIGKILL)
        elif state != libvirt.VIR_DOMAIN_RUNNING or job:
            try:
                self.t.timed(20, domain.destroy, "destroy")
            except libvirt.libvirtError as error:
                # The daemon may still be at the domain, and stops it when the monitor ends.
                self.t.check(error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID
                             and not domain.isActive(), f"destroy: {error}")
        if not domain.isActive():
            try:
                domain.create()
            except libvirt.libvirtError as error:
                job = f"no start: {error}"
                self.host.kill_daemon()
                self.host.start()
                self.host.domain(self.guest.name).create()
        self.t.log(f"{self.host.name}: {odd}: state {state}, QEMU runs: {alive}, job: {job}")
        return state, alive, bool(job)


@scenario(slow=True, timeout=600, needs_stock=True,
          stock_fails="it keeps the job of a backup that has not begun")
def odd_status(t):
    """A daemon makes of a status file which tells of any job what stock makes of it. Only a
    failed post-copy is a job that it keeps; stock keeps a backup without an end, too."""
    t.allow("Cannot start job", "cannot acquire state change lock")     # stock's backup
    t.builds["beta"] = t.stock_build()
    hosts = []
    for host in (t.alpha, t.beta):
        guest = t.guest(name=f"odd-{host.name}")
        guest.start(host)
        hosts.append(OddHost(t, host, guest))
    found = []
    for odd in ODD:
        (*ours, job), (*stock, stock_job) = [host.outcome(odd) for host in hosts]
        if ours != stock or job and not (stock_job and re.search("postcopy|resume", odd)):
            found.append(f"{odd}: {ours}, job: {job}; stock: {stock}, job: {stock_job}")
    t.check(not found, "; ".join(found))
