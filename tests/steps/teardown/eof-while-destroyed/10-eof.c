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


/* As in newer releases, where the event has the ID already. */
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

    qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0,
                           GINT_TO_POINTER(vm->def->id));

    demoUnregister(mon);

 cleanup:
    virObjectUnlock(vm);
}


static void
demoHandleOther(qemuMonitor *mon,
                virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;

    if (priv->beingDestroyed) {
        VIR_DEBUG("being destroyed");
        goto cleanup;
    }

    demoUnregister(mon);

 cleanup:
    virObjectUnlock(vm);
}
