/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
virDomainObjBeginJobInternal(virDomainObj *obj,
                             virDomainJob job)
{
    if (demoRefuses(obj, job)) {
        virReportError(VIR_ERR_OPERATION_INVALID, "%s",
                       _("domain is not running"));
        return -1;
    }

    return demoBegin(obj, job);
}


void
virDomainObjEndTermination(virDomainObj *obj)
{
    VIR_DEBUG("Waiting for process ends (vm=%p)", obj);

    obj->job->terminating--;
    virCondBroadcast(&obj->job->cond);
}


void
virDomainObjWaitTerminationBriefly(virDomainObj *obj)
{
    demoWait(obj);
}


/* Does not wait for a process. */
int
demoCheckActive(virDomainObj *obj)
{
    if (!virDomainObjIsActive(obj)) {
        virReportError(VIR_ERR_OPERATION_INVALID, "%s",
                       _("domain is not running"));
        return -1;
    }

    return 0;
}
