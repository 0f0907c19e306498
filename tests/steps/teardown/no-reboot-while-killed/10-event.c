/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
qemuProcessHandleShutdown(qemuMonitor *mon,
                          virDomainObj *vm,
                          int initiator)
{
    demoPrivate *priv;
    int detail = 0;

    VIR_DEBUG("vm=%p", vm);

    virObjectLock(vm);

    priv = vm->privateData;

    if (!virDomainObjIsActive(vm))
        goto unlock;

    if (!priv->fakeReboot &&
        vm->def->onPoweroff != VIR_DOMAIN_LIFECYCLE_ACTION_RESTART) {
        VIR_DEBUG("%s shuts down", vm->def->name);
        virDomainObjSetState(vm, VIR_DOMAIN_SHUTDOWN, VIR_DOMAIN_SHUTDOWN_UNKNOWN);

        detail = initiator;
        demoQueueEvent(vm, detail);
    } else {
        priv->pausedShutdown = true;
    }

    qemuProcessShutdownOrReboot(vm);

 unlock:
    virObjectUnlock(vm);
}
