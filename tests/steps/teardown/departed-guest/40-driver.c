/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetInfo(virDomainPtr dom,
                  virDomainInfoPtr info)
{
    virDomainObj *vm = demoFind(dom);

    info->state = virDomainObjGetState(vm, NULL);
    info->memory = demoMemory(vm);

    return 0;
}


static int
qemuDomainGetState(virDomainPtr dom,
                   int *state,
                   int *reason,
                   unsigned int flags)
{
    virDomainObj *vm = demoFind(dom);

    demoFlags(flags);
    *state = virDomainObjGetState(vm, reason);

    return 0;
}


static int
qemuDomainGetStatsState(virQEMUDriver *driver,
                        virDomainObj *dom,
                        virTypedParamList *params)
{
    if (virTypedParamListAddInt(params, dom->state.state, "state.state") < 0)
        return -1;

    if (virTypedParamListAddInt(params, dom->state.reason, "state.reason") < 0)
        return -1;

    demoMore(driver, params);
    return 0;
}


static int
qemuDomainIsActive(virDomainPtr dom)
{
    virDomainObj *obj = demoFind(dom);
    int ret = -1;

    ret = virDomainObjIsActive(obj);

    demoEnd(obj);
    return ret;
}


static virDomainPtr
qemuDomainLookupByUUID(virConnectPtr conn,
                       const unsigned char *uuid)
{
    virDomainObj *vm;

    vm = virDomainObjListFindByUUID(demoList(conn), uuid);

    if (!vm)
        return NULL;

    return virGetDomain(conn, vm->def->name, vm->def->uuid, vm->def->id);
}


/* Is not about what a client is shown. */
static int
demoSave(virDomainObj *vm)
{
    return virDomainObjGetState(vm, NULL);
}
