/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
qemuDomainObjEnterMonitor(virDomainObj *obj)
{
    demoLock(obj);
}


void
qemuDomainObjEnterMonitorAsync(virDomainObj *obj,
                               virDomainAsyncJob asyncJob G_GNUC_UNUSED)
{
    qemuDomainObjEnterMonitor(obj);
}


void
qemuDomainObjExitMonitor(virDomainObj *obj)
{
    demoUnlock(obj);
}
