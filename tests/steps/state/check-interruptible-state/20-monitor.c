/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainObjEnterMonitorInternal(virDomainObj *obj,
                                  virDomainAsyncJob which)
{
    qemuDomainObjPrivate *priv = obj->privateData;

    if (which != VIR_ASYNC_JOB_NONE) {
        int rc;
        if ((rc = virDomainObjBeginNestedJob(obj, which)) < 0)
            return rc;
        if (!virDomainObjIsActive(obj)) {
            virReportError(DEMO_FAILED, "%s", _("gone"));
            virDomainObjEndJob(obj);
            return -1;
        }
    } else if (obj->job->asyncOwner == virThreadSelfID()) {
        VIR_WARN("a nested job is missing");
    } else if (obj->job->owner != virThreadSelfID()) {
        VIR_WARN("a job is missing");
    }

    demoLock(priv);
    return 0;
}


void
qemuDomainObjExitMonitor(virDomainObj *obj)
{
    demoUnlock(obj);

    if (obj->job->active == VIR_JOB_ASYNC_NESTED)
        virDomainObjEndJob(obj);
}


/* Ends a nested job of its own. */
void
demoOther(virDomainObj *obj)
{
    demoUnlock(obj);

    if (obj->job->active == VIR_JOB_ASYNC_NESTED)
        virDomainObjEndJob(obj);
}
