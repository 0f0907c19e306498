/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
processMonitorEOFEvent(virQEMUDriver *driver,
                       virDomainObj *vm,
                       int number)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    bool migration;

    if (vm->def->id != number) {
        VIR_DEBUG("another one");
        return;
    }

    if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, true) < 0)
        return;

    migration = demoMigrates(vm);

    if (!virDomainObjIsActive(vm)) {
        VIR_DEBUG("not active");
        goto endjob;
    }

    demoStop(driver, vm, priv);

 endjob:
    qemuDomainRemoveInactive(driver, vm, 0, migration);
    qemuProcessEndStopJob(vm);
}


static void
processShutdownCompletedEvent(virQEMUDriver *driver,
                              virDomainObj *vm)
{
    if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, true) < 0)
        return;

    if (virDomainObjIsActive(vm))
        demoStop(driver, vm, NULL);

    qemuProcessEndStopJob(vm);
}


static void
qemuProcessEventHandler(void *data, void *opaque)
{
    virQEMUDriver *driver = opaque;
    virDomainObj *vm = data;
    struct qemuProcessEvent *processEvent = demoEvent(vm);

    switch (processEvent->eventType) {
    case DEMO_EVENT_EOF:
        processMonitorEOFEvent(driver, vm, GPOINTER_TO_INT(processEvent->data));
        break;
    case DEMO_EVENT_COMPLETED:
        processShutdownCompletedEvent(driver, vm);
        break;
    case DEMO_EVENT_OTHER:
        processOtherEvent(driver, vm);
        break;
    }
}
