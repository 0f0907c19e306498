/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetJobStatsInternal(virDomainObj *vm,
                              bool completed,
                              virDomainJobData **jobData)
{
    int ret = -1;

    if (completed)
        return demoCompleted(vm, jobData);

    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        return -1;

    if (virDomainObjCheckActive(vm) < 0)
        goto cleanup;

    ret = demoAsk(vm, jobData);

 cleanup:
    virDomainObjEndJob(vm);
    return ret;
}
