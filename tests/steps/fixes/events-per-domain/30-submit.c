/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuConnectAgent(virQEMUDriver *driver,
                 virDomainObj *vm)
{
    return demoConnect(driver, vm);
}


static void
qemuProcessEventSubmit(virDomainObj *vm,
                       qemuProcessEventType eventType,
                       int action)
{
    struct qemuProcessEvent *event = g_new0(struct qemuProcessEvent, 1);
    virQEMUDriver *driver = QEMU_DOMAIN_PRIVATE(vm)->driver;

    event->vm = virObjectRef(vm);
    event->eventType = eventType;
    event->action = action;

    if (virThreadPoolSendJob(driver->workerPool, 0, event) < 0) {
        virObjectUnref(vm);
        qemuProcessEventFree(event);
    }
}


/* Sends a job of another kind. */
void
demoSubmit(virDomainObj *vm,
           demoEvent *event)
{
    if (virThreadPoolSendJob(demoPool, 0, event) < 0) {
        virObjectUnref(vm);
        demoEventFree(event);
    }
}
