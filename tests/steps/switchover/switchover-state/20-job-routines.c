/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
virDomainObjResetAsyncJob(virDomainJobObj *job)
{
    job->asyncJob = VIR_ASYNC_JOB_NONE;
    job->asyncInterruptible = false;
    job->asyncStarted = 0;
}


bool
virDomainAsyncJobAllows(virDomainJobObj *jobs,
                        virDomainJob newJob)
{
    return !jobs->asyncJob ||
           newJob == VIR_JOB_NONE ||
           (virDomainAsyncJobIsInterruptible(jobs) && (jobs->mask & JOB_MASK(newJob)));
}


int
virDomainObjBeginJobInternal(virDomainObj *obj,
                             virDomainJobObj *jobObj,
                             virDomainJob job)
{
    unsigned long long then = demoNow();

    while (!virDomainAsyncJobAllows(jobObj, job)) {
        if (virCondWaitUntil(&jobObj->asyncCond, &obj->parent.lock, then) < 0)
            return -1;
    }

    while (jobObj->active) {
        if (virCondWaitUntil(&jobObj->cond, &obj->parent.lock, then) < 0)
            return -1;
    }

    return 0;
}


int
virDomainObjExitInterruptible(virDomainObj *obj)
{
    return demoExit(obj);
}
