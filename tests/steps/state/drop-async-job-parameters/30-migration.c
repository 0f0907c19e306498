/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

/**
 * qemuDomainGetMigrationBlockers:
 * @vm: domain object
 * @asyncJob: job it is part of, which takes
 *            two lines
 *
 * Returns 0.
 */
int
qemuDomainGetMigrationBlockers(virDomainObj *vm,
                               virDomainAsyncJob asyncJob,
                               unsigned int flags)
{
    return demo1(vm);
}


int
qemuMigrationSrcContinue(virDomainObj *vm,
                         int arg2,
                         virDomainAsyncJob asyncJob,
                         unsigned int flags)
{
    return demo2(vm, arg2);
}


int
qemuMigrationDstComplete(virDomainObj *vm,
                         int arg2,
                         int arg3,
                         virDomainAsyncJob asyncJob,
                         unsigned int flags)
{
    return demo3(vm, arg2, arg3);
}


int
qemuMigrationSrcNBDCopyCancelOne(virDomainObj *vm,
                                 int arg2,
                                 int arg3,
                                 int arg4,
                                 virDomainAsyncJob asyncJob,
                                 unsigned int flags)
{
    return demo4(vm, arg2, arg3, arg4);
}


/* One that tells kinds of jobs apart. */
static int
demoTells(virDomainObj *vm,
          virDomainAsyncJob asyncJob)
{
    return asyncJob == VIR_ASYNC_JOB_DUMP ? demoDump(vm) : 0;
}


static int
demoCaller(virDomainObj *vm,
           virDomainAsyncJob asyncJob)
{
    if (qemuDomainGetMigrationBlockers(vm, asyncJob, 0) < 0)
        return -1;

    if (qemuMigrationSrcContinue(vm, 2, asyncJob, 0) < 0)
        return -1;

    if (qemuMigrationDstComplete(vm, 2, 3, asyncJob, 0) < 0)
        return -1;

    if (qemuMigrationSrcNBDCopyCancelOne(vm, 2, 3, 4, asyncJob, 0) < 0)
        return -1;

    return demoTells(vm, asyncJob);
}
