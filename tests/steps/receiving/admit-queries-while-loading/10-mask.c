/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuMigrationDstRun(virDomainObj *vm,
                    const char *uri)
{
    int flag = demoFlag();
    qemuDomainObjPrivate *priv = vm->privateData;
    int rv;

    rv = demoIncoming(priv->mon, uri);
    if (rv < 0)
        return -1;

    if (demoSource(vm)) {
        /* The source waits, not we. */
        return 0;
    }

    if (qemuMigrationDstWaitForCompletion(vm, false) < 0)
        return -1;

    return 0;
}


/* Waits in another job. */
static int
demoOther(virDomainObj *vm)
{
    if (qemuMigrationDstWaitForCompletion(vm, false) < 0)
        return -1;

    return 0;
}
