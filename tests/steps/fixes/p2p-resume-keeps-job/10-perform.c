/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationSrcPerformPeer2Peer3(virQEMUDriver *driver,
                                  virConnectPtr dconn,
                                  virDomainObj *vm)
{
    int ret = -1;

    if (flags & VIR_MIGRATE_POSTCOPY_RESUME) {
        ret = qemuMigrationSrcPerformResume(driver, dconn, vm, uri, params,
                                            in, inlen, &out, &outlen, flags);
    } else {
        ret = demoPerform(vm);
    }

    return ret;
}


/* The client's next call goes on with the job. */
static int
qemuMigrationSrcPerformPhase(virQEMUDriver *driver,
                             virConnectPtr conn,
                             virDomainObj *vm)
{
    int ret;

    ret = qemuMigrationSrcPerformResume(driver, conn, vm, uri, params,
                                        in, inlen, &out, &outlen, flags);
    return ret;
}
