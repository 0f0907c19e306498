/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
virDomainObjBroadcast(virDomainObj *vm)
{
    demoWake(vm);
}


int
virDomainObjWait(virDomainObj *vm)
{
    if (demoWait(vm) < 0) {
        demoReport(vm);
        return -1;
    }

    return 0;
}


int
virDomainObjWaitUntil(virDomainObj *vm)
{
    return demoWait(vm);
}
