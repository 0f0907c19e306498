/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
virDomainObjListCount(void *payload,
                      const char *name,
                      void *opaque)
{
    virDomainObj *obj = payload;
    struct demoListData *data = opaque;

    demoName(name);
    virObjectLock(obj);
    if (virDomainObjIsActive(obj) == data->active)
        data->count++;

 cleanup:
    virObjectUnlock(obj);
    return 0;
}


static int
virDomainObjListCopyActiveIDs(void *payload,
                              const char *name,
                              void *opaque)
{
    virDomainObj *obj = payload;
    struct demoIDData *data = opaque;

    demoName(name);
    if (virDomainObjIsActive(obj) && data->numids < data->maxids)
        data->ids[data->numids++] = obj->def->id;

    return 0;
}


static bool
virDomainObjMatchFilter(virDomainObj *vm,
                        unsigned int filter)
{
    if (demoFilters(filter) &&
        !((MATCH(VIR_CONNECT_LIST_DOMAINS_ACTIVE) &&
           virDomainObjIsActive(vm)) ||
          (MATCH(VIR_CONNECT_LIST_DOMAINS_INACTIVE) &&
           !virDomainObjIsActive(vm))))
        return false;

    return demoMatch(virDomainObjGetState(vm, NULL), filter);
}


virDomainObj *
virDomainObjListFindByName(virDomainObjList *doms,
                           const char *name)
{
    virDomainObj *obj = demoFindLocked(doms, name);

    if (obj && obj->removing)
        virDomainObjEndAPI(&obj);

    return obj;
}


static void
virDomainObjListFilter(virDomainObj *vm,
                       unsigned int flags)
{
    if (vm->removing ||
        !virDomainObjMatchFilter(vm, flags))
        demoDelete(vm);
}


static virDomainPtr
virDomainObjListExport(virConnectPtr conn,
                       virDomainObj *vm)
{
    return virGetDomain(conn, vm->def->name, vm->def->uuid, vm->def->id);
}


/* Is not about what a client is shown. */
bool
demoMayStart(virDomainObj *vm)
{
    return !virDomainObjIsActive(vm) && virDomainObjGetState(vm, NULL) == 0;
}
