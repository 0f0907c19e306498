/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainObjEnterMonitorInternal(virDomainObj *obj,
                                  virDomainAsyncJob asyncJob)
{
    qemuDomainObjPrivate *priv = obj->privateData;

    if (asyncJob != VIR_ASYNC_JOB_NONE) {
        if (demoWrong(obj, asyncJob))
            return -1;
    }

    if (demoUnowned(obj))
        VIR_WARN("a job is missing");

    demoLock(priv);

    return 0;
}


void
qemuDomainObjEnterMonitor(virDomainObj *obj)
{
    ignore_value(qemuDomainObjEnterMonitorInternal(obj, VIR_ASYNC_JOB_NONE));
}


int
qemuDomainObjEnterMonitorAsync(virDomainObj *obj,
                               virDomainAsyncJob asyncJob)
{
    return qemuDomainObjEnterMonitorInternal(obj, asyncJob);
}


/* Enters by the way which is left. */
int
demoCaller(virDomainObj *obj)
{
    qemuDomainObjEnterMonitor(obj);
    demoUnlock(obj);

    return 0;
}
