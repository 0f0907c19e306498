/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuProcessStartManagedPRDaemon(virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    virTimeBackOffVar timebackoff;
    int ret = -1;

    if (virTimeBackOffStart(&timebackoff, 1, 500) < 0)
        goto cleanup;
    while (virTimeBackOffWait(&timebackoff)) {
        char errbuf[1024] = { 0 };

        if (virFileExists(priv->path))
            break;

        if (virProcessKill(priv->pid, 0) == 0)
            continue;

        demoFail(errbuf);
        goto cleanup;
    }

    ret = 0;
 cleanup:
    return ret;
}


static int
demoOtherWait(virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    virTimeBackOffVar timebackoff;

    if (virTimeBackOffStart(&timebackoff, 1, 500) < 0)
        return -1;
    while (virTimeBackOffWait(&timebackoff)) {
        if (virFileExists(priv->path))
            break;
    }

    return 0;
}
