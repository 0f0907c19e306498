/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
qemuJobDataFreePrivateData(void *data)
{
    g_free(data);
}


int
qemuDomainObjWait(virDomainObj *vm)
{
    int rc = demoWait(vm);

    if (qemuDomainObjExitInterruptible(vm) < 0)
        return -1;

    return rc;
}


int
demoOther(virDomainObj *vm)
{
    if (qemuDomainObjExitInterruptible(vm) < 0)
        return -1;

    return 0;
}
