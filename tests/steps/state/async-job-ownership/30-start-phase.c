/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationJobStartPhase(virDomainObj *vm,
                           int phase)
{
    if (demoInvalid(vm, phase))
        return -1;

    qemuDomainObjStartJobPhase(vm, phase);
    return 0;
}


static int
qemuMigrationSrcPerformPhase(virDomainObj *vm)
{
    int ret = -1;

    if (qemuMigrationJobStartPhase(vm, DEMO_PERFORM) < 0)
        goto cleanup;

    ret = demoPerform(vm);

 cleanup:
    demoRelease(vm);
    return ret;
}


static void
qemuMigrationAnyConnectionClosed(virDomainObj *vm)
{
    switch (demoPhase(vm)) {
    case 1:
        ignore_value(qemuMigrationJobStartPhase(vm, DEMO_CANCELLED));
        demoCancel(vm);
        break;

    case 2:
        break;
    }
}


virDomainPtr
qemuMigrationDstFinish(virQEMUDriver *driver,
                       virConnectPtr dconn,
                       virDomainObj *vm)
{
    virDomainPtr dom = NULL;

    if (qemuMigrationJobStartPhase(vm, DEMO_FINISH) < 0)
        goto cleanup;

    dom = demoFinish(dconn, vm);

 cleanup:
    demoRelease(vm);
    return dom;
}


/* One which has nothing but its own reference to give back. */
static int
qemuMigrationSrcBegin(virDomainObj *vm)
{
    int ret = -1;

    if (qemuMigrationJobStartPhase(vm, DEMO_BEGIN) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    return ret;
}
