/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
qemuProcessStop(virDomainObj *vm,
                virDomainAsyncJob asyncJob)
{
    virErrorPtr orig_err;

    virErrorPreserveLast(&orig_err);

    if (asyncJob != VIR_ASYNC_JOB_NONE) {
        if (virDomainObjBeginNestedJob(vm, asyncJob) < 0)
            goto cleanup;
    } else if (vm->job->asyncJob != VIR_ASYNC_JOB_NONE &&
               vm->job->asyncOwner == virThreadSelfID()) {
        VIR_WARN("a nested job is missing");
    }

    if (!virDomainObjIsActive(vm)) {
        VIR_DEBUG("not active");
        goto endjob;
    }

    demoStop(vm);

 endjob:
    if (asyncJob != VIR_ASYNC_JOB_NONE)
        virDomainObjEndJob(vm);

 cleanup:
    virErrorRestore(&orig_err);
}


/* Needs its nested job. */
void
demoOther(virDomainObj *vm,
          virDomainAsyncJob asyncJob)
{
    demoStop(vm);

    if (asyncJob != VIR_ASYNC_JOB_NONE)
        virDomainObjEndJob(vm);
}
