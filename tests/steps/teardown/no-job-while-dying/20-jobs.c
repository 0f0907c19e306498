/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

bool
virDomainObjCanSetJob(virDomainJobObj *job,
                      virDomainJob newJob,
                      virDomainAgentJob newAgentJob)
{
    return demoFree(job, newJob) && demoAgentFree(job, newAgentJob);
}


int
virDomainObjBeginJobInternal(virDomainObj *obj,
                             virDomainJobObj *jobs,
                             virDomainJob job,
                             virDomainAgentJob agentJob,
                             virDomainAsyncJob asyncJob,
                             bool nowait)
{
    unsigned long long then = demoNow() + 30;
    int ret = -1;

 retry:
    while (!virDomainAsyncJobAllows(jobs, job)) {
        if (nowait)
            goto cleanup;

        VIR_DEBUG("waiting");
        if (virCondWaitUntil(&jobs->asyncCond, &obj->parent.lock, then) < 0)
            goto error;
    }

    while (!virDomainObjCanSetJob(jobs, job, agentJob)) {
        if (nowait)
            goto cleanup;

        if (virCondWaitUntil(&jobs->cond, &obj->parent.lock, then) < 0)
            goto error;
    }

    if (!virDomainAsyncJobAllows(jobs, job))
        goto retry;

    if (obj->removing) {
        demoReport("removed");
        goto cleanup;
    }

    ret = demoBegin(jobs, asyncJob);
    goto cleanup;

 error:
    demoReport("timeout");

 cleanup:
    return ret;
}


int
virDomainObjExitInterruptible(virDomainObj *obj)
{
    return demoExit(obj);
}


/* Only wants to know. */
bool
demoMayStart(virDomainJobObj *jobs,
             virDomainJob job)
{
    if (!virDomainAsyncJobAllows(jobs, job))
        return false;

    return true;
}
