/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuProcessKill(virDomainObj *vm, unsigned int flags)
{
    VIR_DEBUG("flags=0x%x", flags);

    if (flags & DEMO_NOWAIT) {
        demoSignal(vm->pid);
        return 0;
    }

    return virProcessKillPainfullyDelay(vm->pid,
                                        !!(flags & DEMO_FORCE),
                                        vm->def->nhostdevs * 2,
                                        false);
}


int
qemuProcessBeginStopJob(virDomainObj *vm,
                        virDomainJob job,
                        bool forceKill)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    unsigned int killFlags = forceKill ? DEMO_FORCE : 0;
    int ret = -1;

    priv->beingDestroyed = true;

    if (qemuProcessKill(vm, killFlags) < 0)
        goto cleanup;

    if (virDomainObjBeginJob(vm, job) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    priv->beingDestroyed = false;
    return ret;
}
