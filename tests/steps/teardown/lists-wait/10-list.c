/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static virDomainObj *
virDomainObjListAddLocked(virDomainObjList *doms, virDomainDef **def, int kind, int flags, virDomainDef **oldDef)
{
    virDomainObj *vm;

    demoBegin(oldDef);

    if ((vm = virDomainObjListFindByUUIDLocked(doms, (*def)->uuid))) {
        if (vm->removing) {
            demoSay("removed");
            goto error;
        } else if (demoName(vm, *def)) {
            demoSay("defined");
            goto error;
        }

        demoAssign(vm, def, flags, oldDef);
    } else {
        if (!(vm = demoNew(kind, def)))
            goto error;
    }

    return vm;

 error:
    demoEnd(&vm);
    return NULL;
}


virDomainObj *
virDomainObjListAdd(virDomainObjList *doms, virDomainDef **def, int kind, int flags, virDomainDef **oldDef)
{
    virDomainObj *ret;

    virObjectRWLockWrite(doms);
    ret = virDomainObjListAddLocked(doms, def, kind, flags, oldDef);
    virObjectRWUnlock(doms);
    return ret;
}


static virDomainObj *
demoLoad(virDomainObjList *doms, int kind, virDomainDef *def)
{
    virDomainDef *oldDef = NULL;

    return virDomainObjListAddLocked(doms, &def, kind, 0, &oldDef);
}


void
virDomainObjListCollectAll(virDomainObjList *domlist,
                           virDomainObj ***vms,
                           size_t *nvms)
{
    demoCollect(domlist, vms, nvms);
}
