/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static char *
qemuDomainScreenshot(virDomainPtr dom,
                     virStreamPtr st,
                     unsigned int screen,
                     unsigned int flags)
{
    virDomainObj *vm = demoFind(dom);
    char *ret = NULL;

    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        return NULL;

    ret = demoShoot(vm, st, screen, flags);
    virDomainObjEndJob(vm);
    return ret;
}


static void
processNicRxFilterChangedEvent(virDomainObj *vm,
                               const char *devAlias)
{
    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        return;

    demoSync(vm, devAlias);
    virDomainObjEndJob(vm);
}


static void
processNetdevDisconnectedEvent(virDomainObj *vm,
                               const char *netdev)
{
    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        return;

    demoRestart(vm, netdev);
    virDomainObjEndJob(vm);
}


/* Change nothing: another function, and another job. */
static void
demoEvent(virDomainObj *vm)
{
    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
        return;

    virDomainObjEndJob(vm);
}


static int
qemuDomainMemoryPeek(virDomainObj *vm)
{
    if (virDomainObjBeginJob(vm, VIR_JOB_DESTROY) < 0)
        return -1;

    virDomainObjEndJob(vm);
    return 0;
}
