/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
processNicRxFilterChangedEvent(virDomainObj *vm,
                               const char *devAlias)
{
    virDomainDeviceDef dev;

    VIR_DEBUG("alias=%s", devAlias);

    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        return;

    demoSync(vm, &dev);
    virDomainObjEndJob(vm);
}


/* Changes nothing. */
static void
demoEvent(virDomainObj *vm)
{
    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        return;

    virDomainObjEndJob(vm);
}
