/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
qemuProcessHandleDumpCompleted(virDomainObj *vm,
                               int status)
{
    qemuDomainJobPrivate *jobPriv;
    qemuDomainJobDataPrivate *data = NULL;

    virObjectLock(vm);
    jobPriv = vm->job->privateData;
    data = vm->job->current->privateData;
    if (vm->job->asyncJob == VIR_ASYNC_JOB_NONE) {
        VIR_DEBUG("without a job");
        goto cleanup;
    }
    jobPriv->dumpCompleted = true;
    data->status = status;

 cleanup:
    virObjectUnlock(vm);
}


/* Has a job for certain. */
static void
demoOther(virDomainObj *vm)
{
    qemuDomainJobDataPrivate *data = NULL;

    data = vm->job->current->privateData;
    demoUse(data);
}
