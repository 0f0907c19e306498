# SPDX-License-Identifier: LGPL-2.1-or-later
"""The async jobs that are no migration, held in each of their stretches.

    with STRETCHES[name].hold(t) as job:     # a jobs.Job
"""

import contextlib
import dataclasses
import typing

import libvirt

from . import faults, jobs


@dataclasses.dataclass(frozen=True)
class Stretch:
    name: str
    text: str       # where the job is
    means: str      # what holds it there
    job: typing.Callable
    reach: typing.Callable = lambda job: None   # from where open() has brought it
    since: int = 0  # the first libvirt that has it

    @contextlib.contextmanager
    def hold(self, t):
        """Has a new guest in this stretch; nothing is left of it in the end."""
        job = self.job()
        try:
            job.open(t)
            self.reach(job)
            yield job
        finally:
            self._end(job)

    @staticmethod
    def _end(job):
        if not job.domain:
            return
        # A stopped QEMU does not end, and a job that does not go on is in the way.
        with contextlib.suppress(OSError, AttributeError):
            job.let_go()
        with contextlib.suppress(libvirt.libvirtError, TimeoutError):
            faults.within(30, job.host.connect().lookupByName(job.guest.name).destroy, "destroy")
        job.wait_end(40)


def helper_waits(job):
    job.pipe.stand_still(job.t)
    faults.within(10, job.host.connect().lookupByName(job.guest.name).abortJob, "abort")


def memory_is_read(job):
    # More than libvirt reads and the pipe holds
    job.t.wait(lambda: job.pipe.fed > 2 << 16, 30, "QEMU does not read the memory")


STRETCHES = {stretch.name: stretch for stretch in (
    Stretch("save", "QEMU writes the memory of a domain that is saved",
            "the file is a pipe that is read slowly", jobs.Save),
    Stretch("save-helper", "QEMU is done, after an abort, and the I/O helper writes the rest",
            "the pipe is not read at all", jobs.Save, helper_waits),
    Stretch("save-open", "libvirt opens the file", "a pipe that nobody reads",
            jobs.unread(jobs.Save)),
    Stretch("save-compressor", "QEMU is done, and the compressor is not",
            "a compressor that waits", jobs.CompressedSave),
    Stretch("managedsave", "as save", "the same", jobs.ManagedSave),
    Stretch("dump", "QEMU writes the memory of a domain that stands still",
            "a slow pipe", jobs.Dump),
    Stretch("dump-live", "the same of a domain that runs", "a slow pipe", jobs.DumpLive),
    Stretch("dump-memory", "QEMU dumps the memory by itself", "a slow pipe", jobs.DumpMemory),
    Stretch("snapshot", "QEMU writes the memory of an external snapshot", "a slow pipe",
            jobs.SnapshotMemory),
    Stretch("snapshot-paused", "the same of a domain that stands still", "a slow pipe",
            jobs.SnapshotPaused),
    Stretch("snapshot-frozen", "the guest's agent freezes the file systems",
            "an agent that does not answer", jobs.SnapshotFrozen),
    Stretch("snapshot-off", "qemu-img makes an internal snapshot of a domain that is off",
            "a qemu-img that waits", jobs.SnapshotOff),
    Stretch("snapshot-delete", "an overlay is committed", "an NBD server that is slow to write",
            jobs.SnapshotDelete),
    Stretch("snapshot-internal", "QEMU writes the memory of an internal snapshot",
            "an NBD server that is slow to write", jobs.SnapshotInternal),
    Stretch("snapshot-internal-delete", "QEMU deletes an internal snapshot", "QEMU is stopped",
            jobs.SnapshotInternalDelete),
    Stretch("snapshot-revert",
            "libvirt connects to the QEMU that has loaded an internal snapshot, or is to",
            "QEMU is stopped", jobs.SnapshotRevert),
    Stretch("snapshot-revert-memory", "QEMU reads the memory of an external snapshot",
            "a slow pipe", jobs.RevertExternal, memory_is_read, since=jobs.REVERTS),
    Stretch("backup-push", "QEMU copies a disk", "an NBD server that is slow to read",
            jobs.BackupPush),
    Stretch("backup-pull", "QEMU offers a disk by NBD", "nobody comes for it", jobs.BackupPull),
    Stretch("restore", "QEMU reads the memory", "a slow pipe", jobs.Restore, memory_is_read),
    Stretch("restore-decompressor", "QEMU is done, and the program that decompresses is not",
            "one that waits", jobs.CompressedRestore),
    Stretch("start-hook", "the hook script for *start* runs", "one that waits", jobs.StartHook),
    Stretch("start-helper", "swtpm_setup makes the state of a TPM", "one that waits",
            jobs.StartHelper),
    Stretch("start", "libvirt connects to QEMU's monitor", "QEMU is stopped", jobs.Start),
)}
