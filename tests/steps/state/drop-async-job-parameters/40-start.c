/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

/**
 * qemuDomainCheckMonitor:
 * @vm: domain object
 * @asyncJob: job it is part of, which takes
 *            two lines
 *
 * Returns 0.
 */
int
qemuDomainCheckMonitor(virDomainObj *vm,
                       virDomainAsyncJob asyncJob,
                       unsigned int flags)
{
    return demo1(vm);
}


int
qemuConnectMonitor(virDomainObj *vm,
                   int arg2,
                   virDomainAsyncJob asyncJob,
                   unsigned int flags)
{
    return demo2(vm, arg2);
}


int
qemuProcessLaunch(virDomainObj *vm,
                  int arg2,
                  int arg3,
                  virDomainAsyncJob asyncJob,
                  unsigned int flags)
{
    return demo3(vm, arg2, arg3);
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
    if (qemuDomainCheckMonitor(vm, asyncJob, 0) < 0)
        return -1;

    if (qemuConnectMonitor(vm, 2, asyncJob, 0) < 0)
        return -1;

    if (qemuProcessLaunch(vm, 2, 3, asyncJob, 0) < 0)
        return -1;

    return demoTells(vm, asyncJob);
}
