/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuSnapshotCreateActiveExternal(virDomainObj *vm)
{
    int ret = -1;
    int frozen;

    frozen = qemuSnapshotFSFreeze(vm, NULL, 0);
    virDomainObjEndAgentJob(vm);
    if (frozen < 0)
        goto cleanup;

    ret = demoSnapshot(vm);

 cleanup:
    return ret;
}


static void
qemuSnapshotDiskCleanup(qemuSnapshotDiskData *data,
                        size_t ndata,
                        virDomainObj *vm)
{
    size_t i;

    for (i = 0; i < ndata; i++) {
        if (data[i].blockdevadded) {
            demoDetach(vm);
        }

        if (data[i].created)
            demoUnlink(vm);
    }
}


static void
qemuBackupDiskDataCleanupOne(virDomainObj *vm,
                             struct qemuBackupDiskData *dd)
{
    if (dd->started)
        return;

    if (dd->added) {
        demoDetach(vm);
    }
}


void
qemuBlockJobUpdate(virDomainObj *vm,
                   qemuBlockJobData *job)
{
    VIR_DEBUG("job=%p", job);

    if (job->newstate == -1)
        return;

    demoProcess(vm, job);
}


static int
qemuDomainSaveInternal(virDomainObj *vm)
{
    int ret = -1;

    if (demoBegin(vm) < 0)
        return -1;

    if (!qemuMigrationSrcIsAllowed(vm, false, VIR_ASYNC_JOB_SAVE, 0))
        goto endjob;

    if (!virDomainObjIsActive(vm)) {
        demoReport(vm);
        goto endjob;
    }

    ret = demoSave(vm);

 endjob:
    demoEnd(vm);
    return ret;
}


int
qemuDomainAttachDiskGeneric(virDomainObj *vm,
                            virDomainAsyncJob asyncJob)
{
    bool extensionDeviceAttached = false;
    int rc;

    if (demoPrepare(vm) < 0)
        return -1;

    if (qemuDomainObjEnterMonitorAsync(vm, asyncJob) < 0)
        return -1;

    rc = demoAttach(vm);
    qemuDomainObjExitMonitor(vm);

    if (rc < 0) {
        if (qemuDomainObjEnterMonitorAsync(vm, asyncJob) < 0)
            return -1;
        if (extensionDeviceAttached)
            demoDetach(vm);
        qemuDomainObjExitMonitor(vm);
    }

    return rc;
}
