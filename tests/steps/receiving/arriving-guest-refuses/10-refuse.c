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

    if (virDomainObjCheckActive(vm) < 0)
        goto endjob;

    ret = demoShot(vm, st, screen, flags);

 endjob:
    virDomainObjEndJob(vm);
    return ret;
}


static int
qemuDomainMemoryPeek(virDomainPtr dom,
                     void *buffer)
{
    virDomainObj *vm = demoFind(dom);
    int ret = -1;

    if (virDomainObjCheckActive(vm) < 0)
        goto endjob;

    ret = demoPeek(vm, buffer);

 endjob:
    virDomainObjEndJob(vm);
    return ret;
}


static int
qemuDomainQemuMonitorCommandWithFiles(virDomainPtr domain,
                                      const char *cmd,
                                      unsigned int flags)
{
    virQEMUDriver *driver = domain->conn->privateData;
    virDomainObj *vm = demoFind(domain);
    qemuDomainObjPrivate *priv;
    int ret = -1;
    bool hmp;

    if (virDomainObjCheckActive(vm) < 0)
        goto endjob;

    priv = vm->privateData;

    qemuDomainObjTaint(driver, vm, VIR_DOMAIN_TAINT_CUSTOM_MONITOR, NULL);

    hmp = !!(flags & VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP);

    ret = demoCommand(priv, cmd, hmp);

 endjob:
    virDomainObjEndJob(vm);
    return ret;
}


/* Is answered by a guest which arrives, too. */
static int
demoQuery(virDomainObj *vm)
{
    int ret = -1;

    if (virDomainObjCheckActive(vm) < 0)
        goto endjob;

    ret = demoAsk(vm);

 endjob:
    virDomainObjEndJob(vm);
    return ret;
}
