/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
virDomainObjResetJob(virDomainJobObj *job)
{
    job->owner = 0;
    job->started = 0;
}


void
virDomainObjEndJob(virDomainObj *obj)
{
    virDomainJob job = obj->job->active;

    obj->job->jobsQueued--;

    virDomainObjResetJob(obj->job);

    demoSave(obj, job);
}


void
virDomainObjEnterInterruptible(virDomainObj *obj)
{
    obj->job->asyncInterruptible = true;
}


int
virDomainObjExitInterruptible(virDomainObj *obj)
{
    virDomainJobObj *job = obj->job;

    if (!job->asyncJob)
        return 0;

    job->asyncInterruptible = false;

    while (job->active != VIR_JOB_NONE) {
        if (virCondWait(&job->cond, &obj->parent.lock) < 0) {
            virReportSystemError(errno, "%s",
                                 _("failed to wait for a job to end"));
            return -1;
        }
    }

    return 0;
}


/* Waits for something else. */
int
demoOther(virDomainObj *obj)
{
    virDomainJobObj *job = obj->job;

    return virCondWait(&job->cond, &obj->parent.lock);
}
