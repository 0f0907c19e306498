/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
qemuDomainObjStartJobPhase(virDomainObj *obj,
                           int phase)
{
    unsigned long long me = virThreadSelfID();

    if (!obj->job->asyncJob)
        return;

    demoBetween(obj);

    if (obj->job->asyncOwner == 0) {
        obj->job->asyncOwnerAPI = g_strdup(virThreadJobGet());
    } else if (me != obj->job->asyncOwner) {
        VIR_WARN("owned by %llu", obj->job->asyncOwner);
    }

    obj->job->asyncOwner = me;
    qemuDomainObjSetJobPhase(obj, phase);
}


/* Another function which returns early stays as it is. */
void
demoOther(virDomainObj *obj)
{
    if (!obj->job->asyncJob)
        return;

    demoBetween(obj);
}
