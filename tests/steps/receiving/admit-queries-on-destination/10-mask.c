/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationDstPrepareFresh(virQEMUDriver *driver,
                             virDomainObj *vm,
                             char **cookieout)
{
    g_autoptr(qemuMigrationCookie) mig = demoCookie(cookieout);

    if (demoStart(driver, vm) < 0)
        return -1;

    if (qemuMigrationCookieFormat(mig, driver, vm,
                                  QEMU_MIGRATION_DESTINATION,
                                  cookieout, NULL, 0) < 0) {
        VIR_WARN("no cookie");
    }

    return 0;
}


static void
qemuProcessRestoreMigrationJob(virDomainObj *vm,
                               int async)
{
    unsigned long long allowedJobs = 0;

    if (async == VIR_ASYNC_JOB_MIGRATION_IN) {
        allowedJobs = VIR_JOB_NONE;
    } else {
        allowedJobs = VIR_JOB_DEFAULT_MASK;
    }

    demoRestore(vm, allowedJobs);
}


/* Restores something else. */
static void
demoOther(virDomainObj *vm)
{
    unsigned long long allowedJobs;

    allowedJobs = VIR_JOB_NONE;
    demoRestore(vm, allowedJobs);
}
