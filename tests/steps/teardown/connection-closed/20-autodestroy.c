/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
qemuProcessAutoDestroy(virDomainObj *dom,
                       virConnectPtr conn)
{
    unsigned int stopFlags = 0;

    VIR_DEBUG("vm=%s, conn=%p", dom->def->name, conn);

    if (qemuProcessBeginStopJob(dom, VIR_JOB_DESTROY, true) < 0)
        return;

    demoStop(dom, stopFlags);
    virDomainObjEndJob(dom);
}
