/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
virDomainObjBeginTermination(virDomainObj *obj)
{
    virDomainJobObj *job = obj->job;

    job->terminating++;
}


static int
virDomainObjWaitForProcess(virDomainObj *obj,
                           virDomainJobObj *job,
                           virDomainJob newJob,
                           unsigned long long *then)
{
    unsigned long long until = *then;

    if (newJob == VIR_JOB_QUERY) {
        if (demoWait(job, obj, until) < 0)
            return -1;
        return 0;
    }

    return demoWait(job, obj, 0);
}


void
virDomainObjWaitTerminationBriefly(virDomainObj *obj)
{
    virDomainJobObj *job = obj->job;

    while (job->terminating > 0 &&
           virTimeMonotonicMillis() < job->terminatingUntil) {
        if (demoWait(job, obj, job->terminatingUntil) < 0)
            return;
    }
}


/* Waits as long as it takes. */
int
demoWaitAll(virDomainObj *obj)
{
    virDomainJobObj *job = obj->job;

    while (job->terminating > 0) {
        if (demoWait(job, obj, 0) < 0)
            return -1;
    }

    return 0;
}
