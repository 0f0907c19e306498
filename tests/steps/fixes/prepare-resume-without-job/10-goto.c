/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationDstPrepareResume(virDomainObj *vm)
{
    int ret = -1;

    if (!qemuMigrationAnyCanResume(vm, VIR_ASYNC_JOB_MIGRATION_IN, flags))
        goto cleanup;

    if (qemuMigrationJobStartPhase(vm, QEMU_MIGRATION_PHASE_PREPARE_RESUME) < 0)
        goto cleanup;

    /* From here on the job is this thread's. */
    if (demoRecover(vm) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    qemuMigrationJobContinue(vm, demoCleanup);
    return ret;
}
