/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
demoCommand(virDomainObj *vm,
            virDomainAsyncJob asyncJob)
{
    qemuDomainObjEnterMonitorAsync(vm, asyncJob);
    demoSend(vm);
    qemuDomainObjExitMonitor(vm);

    return 0;
}


/* Enters as everybody does. */
static int
demoOther(virDomainObj *vm)
{
    qemuDomainObjEnterMonitor(vm);
    demoSend(vm);
    qemuDomainObjExitMonitor(vm);

    return demoEnterAgentAsync(vm, VIR_ASYNC_JOB_SNAPSHOT);
}
