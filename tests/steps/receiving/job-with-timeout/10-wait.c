/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
virDomainObjBeginJobInternal(virDomainObj *obj,
                             virDomainJobObj *jobObj, virDomainJob job,
                             virDomainAgentJob agentJob, virDomainAsyncJob asyncJob,
                             bool nowait)
{
    unsigned long long then = demoNow() + VIR_JOB_WAIT_TIME;

    while (!demoAllows(jobObj, job, agentJob, asyncJob)) {
        if (nowait)
            goto cleanup;

        if (virCondWaitUntil(&jobObj->cond, &obj->parent.lock, then) < 0)
            goto error;
    }

    return 0;

 error:
    if (!nowait)
        demoReport();

 cleanup:
    return -1;
}


int
virDomainObjBeginJob(virDomainObj *obj,
                     virDomainJob job)
{
    return virDomainObjBeginJobInternal(obj, obj->job, job, VIR_AGENT_JOB_NONE,
                                        VIR_ASYNC_JOB_NONE, false);
}


int
virDomainObjBeginJobNowait(virDomainObj *obj,
                           virDomainJob job)
{
    return virDomainObjBeginJobInternal(obj, obj->job, job, VIR_AGENT_JOB_NONE,
                                        VIR_ASYNC_JOB_NONE, true);
}
