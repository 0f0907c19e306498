/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static char *
qemuMigrationSrcBegin(virDomainObj *vm,
                      unsigned long flags)
{
    virDomainAsyncJob asyncJob;

    if (flags & VIR_MIGRATE_CHANGE_PROTECTION) {
        demoStart(vm);
        asyncJob = VIR_ASYNC_JOB_MIGRATION_OUT;
    } else {
        demoBegin(vm);
        asyncJob = VIR_ASYNC_JOB_NONE;
    }

    return demoPhase(vm, flags);
}


/* Says which job it is. */
static int
demoOther(virDomainObj *vm)
{
    virDomainAsyncJob asyncJob;

    asyncJob = VIR_ASYNC_JOB_MIGRATION_OUT;
    return demoBeginAsync(vm, asyncJob);
}
