/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuDomainObjWait(virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;

    if (virDomainObjWait(vm) < 0)
        return -1;

    if (priv->beingDestroyed) {
        demoReport(vm);
        return -1;
    }

    return 0;
}


/* Who waits does so as before. */
int
demoWaitFor(virDomainObj *vm)
{
    while (!demoDone(vm)) {
        if (qemuDomainObjWait(vm) < 0)
            return -1;
    }

    return 0;
}
