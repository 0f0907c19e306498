/* SPDX-License-Identifier: LGPL-2.1-or-later */

static int
qemuDomainAbortJobFlags(virDomainPtr dom, unsigned int flags)
{
    switch (vm->job->asyncJob) {
    case VIR_ASYNC_JOB_SAVE:
        ret = qemuDomainAbortJobMigration(vm);
        break;

    case VIR_ASYNC_JOB_BACKUP:
        qemuBackupJobCancelBlockjobs(vm, priv->backup, true);
        ret = 0;
        break;
    }

    return ret;
}

static void
qemuBackupNotifyBlockjobEnd(virDomainObj *vm)
{
    qemuBackupJobCancelBlockjobs(vm, priv->backup, true);
}
