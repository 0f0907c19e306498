/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
qemuDomainObjReleaseAsyncJob(virDomainObj *obj)
{
    demoLog(obj);

    if (obj->job->asyncOwner != 0 &&
        obj->job->asyncOwner != virThreadSelfID()) {
        VIR_WARN("owned by %llu", obj->job->asyncOwner);
    }
    obj->job->asyncOwner = 0;
}


void
qemuDomainObjDiscardAsyncJob(virDomainObj *obj)
{
    if (obj->job->active == VIR_JOB_ASYNC_NESTED)
        virDomainObjResetJob(obj->job);
    demoReset(obj);
}


/* Does the same, but is not the one. */
void
demoRelease(virDomainObj *obj)
{
    obj->job->asyncOwner = 0;
}
