/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
qemuProcessHandleMonitorEOF(qemuMonitor *mon,
                            virDomainObj *vm)
{
    qemuDomainObjPrivate *priv;

    virObjectLock(vm);

    priv = vm->privateData;
    if (priv->beingDestroyed) {
        VIR_DEBUG("being destroyed");
        goto cleanup;
    }

    qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0, NULL);

    demoUnregister(mon);

 cleanup:
    virObjectUnlock(vm);
}


int
qemuProcessBeginStopJob(virDomainObj *vm,
                        virDomainJob job,
                        bool forceKill)
{
    int ret = -1;

    if (demoKill(vm, forceKill) < 0)
        goto cleanup;

    if (virDomainObjBeginJob(vm, job) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    return ret;
}


/* Begins a job and stops nothing. */
int
demoOther(virDomainObj *vm)
{
    int ret = -1;

    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    return ret;
}
