/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
demoInitialize(void)
{
    qemu_driver->workerPool = virThreadPoolNewFull(0, 1, 0, qemuProcessEventHandler,
                                                   "demo", NULL, qemu_driver);
    qemu_driver->otherPool = virThreadPoolNewFull(0, 1, 0, demoHandler,
                                                  "other", NULL, qemu_driver);

    return qemu_driver->workerPool ? 0 : -1;
}


static void
qemuProcessEventHandler(void *data, void *opaque)
{
    struct qemuProcessEvent *processEvent = data;
    virDomainObj *vm = processEvent->vm;
    virQEMUDriver *driver = opaque;

    VIR_DEBUG("vm=%p", vm);

    virObjectLock(vm);

    demoHandle(driver, vm, processEvent);

    virDomainObjEndAPI(&vm);
    qemuProcessEventFree(processEvent);
}
