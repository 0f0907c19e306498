/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
qemuProcessEventSubmit(virDomainObj *vm,
                       qemuProcessEventType eventType,
                       int action,
                       int status,
                       void *data)
{
    demoSubmit(vm, eventType, action, status, data);
}


static void
demoOther(virDomainObj *vm)
{
    qemuProcessEventSubmit(vm, DEMO_EVENT, 0, 0, NULL);
}
