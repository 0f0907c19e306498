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
    int ret = -1;

    while (!virDomainAsyncJobAllows(jobs, job)) {
        if (nowait || demoWait(obj) < 0)
            goto cleanup;
    }

    while (!virDomainObjCanSetJob(jobs, job, agentJob)) {
        if (nowait || demoWait(obj) < 0)
            goto cleanup;
    }

    if (obj->removing) {
        demoReport("removed");
        goto cleanup;
    }

    ret = demoBegin(jobs, asyncJob);

 cleanup:
    return ret;
}


int
virDomainObjExitInterruptible(virDomainObj *obj)
{
    return demoExit(obj);
}
