/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
virDomainObjBeginAsyncJob(virDomainObj *obj)
{
    return demoBegin(obj);
}

int
virDomainObjBeginNestedJob(virDomainObj *obj,
                           virDomainAsyncJob asyncJob)
{
    if (asyncJob != obj->job->asyncJob)
        return -1;

    return demoBegin(obj);
}

int
virDomainObjBeginJobNowait(virDomainObj *obj)
{
    return demoBegin(obj);
}
