/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
demoConstant(virDomainObj *vm)
{
    int ret = -1;

    if (qemuDomainObjEnterMonitorAsync(vm, VIR_ASYNC_JOB_SNAPSHOT) < 0)
        goto cleanup;

    ret = demoCommand(vm);
    qemuDomainObjExitMonitor(vm);

 cleanup:
    return ret;
}


static int
demoCurrent(virDomainObj *vm)
{
    int rc;

    if (qemuDomainObjEnterMonitorAsync(vm, vm->job->asyncJob) < 0) {
        demoTidyUp(vm);
        return -1;
    }

    rc = demoCommand(vm);
    qemuDomainObjExitMonitor(vm);

    return rc;
}


static int
demoAny(virDomainObj *vm,
        virDomainAsyncJob asyncJob)
{
    int rc;

    if (qemuDomainObjEnterMonitorAsync(vm, asyncJob) < 0)
        return -1;

    rc = demoCommand(vm);
    qemuDomainObjExitMonitor(vm);

    return rc;
}


static void
demoLastCondition(virDomainObj *vm,
                  bool wanted)
{
    if (wanted &&
        qemuDomainObjEnterMonitorAsync(vm, VIR_ASYNC_JOB_SNAPSHOT) == 0) {
        demoCommand(vm);
        qemuDomainObjExitMonitor(vm);
    }
}


static void
demoLastConditionAny(virDomainObj *vm,
                     virDomainAsyncJob asyncJob,
                     bool wanted)
{
    if (wanted &&
        qemuDomainObjEnterMonitorAsync(vm, asyncJob) == 0) {
        demoCommand(vm);
        qemuDomainObjExitMonitor(vm);
    }
}


/* Can fail still. */
static int
demoAgent(virDomainObj *vm)
{
    if (demoEnterAgentAsync(vm, VIR_ASYNC_JOB_SNAPSHOT) < 0)
        return -1;

    return demoCommand(vm);
}
