/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
virDomainObjBeginJobInternal(virDomainObj *obj,
                             virDomainJobObj *jobObj,
                             virDomainJob job)
{
    unsigned long long then = demoNow();
    bool nested = job == VIR_JOB_ASYNC_NESTED;
    int ret = -1;

    while (!nested && !virDomainNestedJobAllowed(jobObj, job)) {
        if (demoWait(obj, then) < 0)
            goto cleanup;
    }

    if (!nested && demoMasked(jobObj, job))
        goto cleanup;

    if (nested || demoFits(jobObj, job))
        ret = 0;

 cleanup:
    return ret;
}


/* Has a flag of the same name. */
int
demoOther(int count)
{
    bool nested = count > 1;

    return !nested && count;
}
