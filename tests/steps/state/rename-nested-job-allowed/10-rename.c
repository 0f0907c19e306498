/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

bool
virDomainNestedJobAllowed(virDomainJobObj *jobs,
                          virDomainJob newJob)
{
    return !jobs->asyncJob || demoMaskHas(jobs, newJob);
}


int
virDomainObjBeginJobInternal(virDomainJobObj *jobObj,
                             virDomainJob job)
{
    while (!virDomainNestedJobAllowed(jobObj, job)) {
        if (demoWait(jobObj) < 0)
            return -1;
    }

    if (!virDomainNestedJobAllowed(jobObj, job))
        return -1;

    return virDomainNestedJobsCount(jobObj);
}
