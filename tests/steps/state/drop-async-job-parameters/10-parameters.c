/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

/**
 * qemuBlockGetNamedNodeData:
 * @vm: domain object
 * @asyncJob: job it is part of, which takes
 *            two lines
 *
 * Returns 0.
 */
int
qemuBlockGetNamedNodeData(virDomainObj *vm,
                          virDomainAsyncJob asyncJob,
                          unsigned int flags)
{
    return demo1(vm);
}


int
qemuBlockFinalize(virDomainObj *vm,
                  int arg2,
                  virDomainAsyncJob asyncJob,
                  unsigned int flags)
{
    return demo2(vm, arg2);
}


int
qemuBackupJobCancelBlockjobs(virDomainObj *vm,
                             int arg2,
                             int arg3,
                             virDomainAsyncJob asyncJob,
                             unsigned int flags)
{
    return demo3(vm, arg2, arg3);
}


int
qemuBlockStorageSourceCreateFormat(virDomainObj *vm,
                                   int arg2,
                                   int arg3,
                                   int arg4,
                                   virDomainAsyncJob asyncJob,
                                   unsigned int flags)
{
    return demo4(vm, arg2, arg3, arg4);
}


int
qemuBlockStorageSourceCreate(virDomainObj *vm,
                             int arg2,
                             int arg3,
                             int arg4,
                             int arg5,
                             virDomainAsyncJob asyncJob,
                             unsigned int flags)
{
    return demo5(vm, arg2, arg3, arg4, arg5);
}


int
qemuBackupNotifyBlockjobEnd(virDomainObj *vm,
                            int arg2,
                            int arg3,
                            int arg4,
                            int arg5,
                            int arg6,
                            virDomainAsyncJob asyncJob,
                            unsigned int flags)
{
    return demo6(vm, arg2, arg3, arg4, arg5, arg6);
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
    if (qemuBlockGetNamedNodeData(vm, asyncJob, 0) < 0)
        return -1;

    if (qemuBlockFinalize(vm, 2, asyncJob, 0) < 0)
        return -1;

    if (qemuBackupJobCancelBlockjobs(vm, 2, 3, asyncJob, 0) < 0)
        return -1;

    if (qemuBlockStorageSourceCreateFormat(vm, 2, 3, 4, asyncJob, 0) < 0)
        return -1;

    if (qemuBlockStorageSourceCreate(vm, 2, 3, 4, 5, asyncJob, 0) < 0)
        return -1;

    if (qemuBackupNotifyBlockjobEnd(vm, 2, 3, 4, 5, 6, asyncJob, 0) < 0)
        return -1;

    return demoTells(vm, asyncJob);
}
