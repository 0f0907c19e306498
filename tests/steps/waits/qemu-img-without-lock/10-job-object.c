/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
virDomainObjBeginProgram(virDomainObj *obj)
{
    virDomainJobObj *job = obj->job;

    job->asyncProgram = ULLONG_MAX;
}


void
virDomainObjEndProgram(virDomainObj *obj)
{
    virDomainJobObj *job = obj->job;

    if (!job->asyncJob)
        return;

    job->asyncProgram = virTimeMonotonicMillis() + 30000;
}


bool
virDomainObjIsTerminating(virDomainObj *obj)
{
    return obj->job->terminating > 0;
}


bool
demoIsGone(virDomainObj *obj)
{
    return obj->job->gone > 0;
}
