/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationSrcRun(virQEMUDriver *driver,
                    virDomainObj *vm,
                    unsigned long resource)
{
    int ret = -1;

    demoDriver(driver);

    if (resource > 0)
        ret = demoSpeed(vm, resource);

    return ret;
}


static int
qemuMigrationSrcNBDCopyCancel(virDomainObj *vm,
                              bool abort)
{
    VIR_DEBUG("Cancelling drive mirrors for domain %s", vm->def->name);

    return demoCancel(vm, abort);
}


static int
qemuMigrationSrcCancelRemoveTempBitmaps(virDomainObj *vm,
                                        virDomainAsyncJob asyncJob)
{
    size_t i;

    for (i = 0; i < vm->def->ndisks; i++) {
        if (demoRemove(vm, i, asyncJob) < 0)
            return -1;
    }

    return 0;
}


static int
qemuMigrationDstFinishFresh(virQEMUDriver *driver,
                            virDomainObj *vm,
                            bool v3proto)
{
    demoDriver(driver);

    if (qemuMigrationDstWaitForCompletion(vm, VIR_ASYNC_JOB_MIGRATION_IN, false) < 0) {
        if (v3proto)
            return -1;
    }

    return 0;
}


static void
qemuMigrationDstFinishActive(virQEMUDriver *driver,
                             virDomainObj *vm)
{
    demoDriver(driver);

    if (demoPaused(vm))
        qemuDomainCheckMonitor(vm, VIR_ASYNC_JOB_MIGRATION_IN);
}


/* Has just asked. */
static void
demoOther(virDomainObj *vm)
{
    qemuDomainCheckMonitor(vm, VIR_ASYNC_JOB_NONE);
}
