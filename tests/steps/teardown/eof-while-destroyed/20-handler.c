/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
processMonitorEOFEvent(virQEMUDriver *driver,
                       virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;

    if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, true) < 0)
        return;

    if (!virDomainObjIsActive(vm)) {
        VIR_DEBUG("not active");
        goto endjob;
    }

    demoStop(driver, vm, priv);

 endjob:
    qemuDomainRemoveInactive(driver, vm, 0, false);
    virDomainObjEndJob(vm);
}


static void
qemuProcessEventHandler(void *data, void *opaque)
{
    virQEMUDriver *driver = opaque;
    virDomainObj *vm = data;
    struct qemuProcessEvent *processEvent = demoEvent(vm);

    switch (processEvent->eventType) {
    case DEMO_EVENT_EOF:
        processMonitorEOFEvent(driver, vm);
        break;
    case DEMO_EVENT_OTHER:
        processOtherEvent(driver, vm);
        break;
    }
}
