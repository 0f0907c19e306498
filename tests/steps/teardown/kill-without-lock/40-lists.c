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
    if (virDomainObjIsActive(obj)) {
        if (data->active)
            data->count++;
    } else {
        if (!data->active)
            data->count++;
    }

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

    return true;
}
