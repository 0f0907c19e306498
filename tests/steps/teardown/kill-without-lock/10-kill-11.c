/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuProcessKill(virDomainObj *vm, unsigned int flags)
{
    int ret = -1;

    VIR_DEBUG("flags=0x%x", flags);

    if (flags & DEMO_NOWAIT) {
        demoSignal(vm->pid);
        return 0;
    }

    ret = virProcessKillPainfullyDelay(vm->pid,
                                       !!(flags & DEMO_FORCE),
                                       vm->def->nhostdevs * 2,
                                       false);

    if (ret < 0 && (flags & VIR_QEMU_PROCESS_KILL_MONITOR_ON_ERROR)) {
        if (demoWatch(vm))
            return 0;
    }

    return ret;
}


int
qemuProcessBeginStopJob(virDomainObj *vm,
                        virDomainJob job,
                        bool forceKill)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    unsigned int killFlags = forceKill ? DEMO_FORCE : 0;

    priv->beingDestroyed = true;

    if (qemuProcessKill(vm, killFlags) < 0)
        goto error;

    if (virDomainObjBeginJob(vm, job) < 0)
        goto error;

    /* The caller says when it is not. */
    return 0;

 error:
    priv->beingDestroyed = false;
    return -1;
}


/* Fails in the same way, but stops nothing. */
int
demoTry(virDomainObj *vm)
{
    if (demoStart(vm) < 0)
        goto error;

    return 0;

 error:
    priv->beingDestroyed = false;
    return -1;
}
