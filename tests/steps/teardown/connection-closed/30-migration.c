/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
qemuMigrationAnyConnectionClosed(virDomainObj *vm,
                                 virConnectPtr conn)
{
    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
    bool postcopy = false;
    int phase;

    VIR_DEBUG("conn=%p", conn);

    switch (vm->job->phase) {
    case DEMO_PHASE_POSTCOPY:
        postcopy = true;
        break;
    case DEMO_PHASE_OTHER:
        return;
    }

    if (postcopy)
        phase = QEMU_MIGRATION_PHASE_POSTCOPY_FAILED;
    else
        phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED;
    if (qemuMigrationJobStartPhase(vm, phase) < 0)
        return;

    if (postcopy) {
        demoFailed(vm);
        demoContinue(vm);
    } else {
        demoReset(vm, jobPriv);
        demoFinish(vm);
    }
}
