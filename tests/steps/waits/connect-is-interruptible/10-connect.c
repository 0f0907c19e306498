/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationSrcConnect(virQEMUDriver *driver,
                        virDomainObj *vm,
                        qemuMigrationSpec *how)
{
    int ret = -1;
    int fd_qemu = -1;

    if (qemuSecuritySetSocketLabel(driver->securityManager, vm->def) < 0)
        goto cleanup;

    switch (how->destType) {
    case MIGRATION_DEST_CONNECT_HOST:
        fd_qemu = demoConnect(how);
        break;
    case MIGRATION_DEST_FD:
        break;
    }

    how->destType = MIGRATION_DEST_FD;
    how->dest.fd.qemu = fd_qemu;

    if (qemuSecurityClearSocketLabel(driver->securityManager, vm->def) < 0 ||
        how->dest.fd.qemu == -1)
        goto cleanup;

    ret = 0;

 cleanup:
    return ret;
}


static int
qemuMigrationSrcStart(virDomainObj *vm,
                      qemuMigrationSpec *spec)
{
    virQEMUDriver *driver = demoDriver(vm);

    if ((spec->destType == MIGRATION_DEST_CONNECT_HOST ||
         spec->destType == MIGRATION_DEST_CONNECT_SOCKET) &&
        qemuMigrationSrcConnect(driver, vm, spec) < 0) {
        return -1;
    }

    return demoStart(vm, spec);
}


static int
qemuMigrationSrcRun(virQEMUDriver *driver,
                    virDomainObj *vm,
                    unsigned long flags,
                    qemuMigrationSpec *spec,
                    virConnectPtr dconn)
{
    virErrorPtr orig_err = NULL;
    int rc;

    demoFlags(flags, dconn);

    qemuDomainObjEnterMonitor(vm);

    if (vm->job->abortJob) {
        qemuDomainObjExitMonitor(vm);
        demoReport(vm);
        goto error;
    }

    rc = qemuMigrationSrcStart(vm, spec);
    qemuDomainObjExitMonitor(vm);
    if (rc < 0)
        goto error;

    return 0;

 error:
    virErrorPreserveLast(&orig_err);
    demoCancel(driver, vm);
    virErrorRestore(&orig_err);
    return -1;
}


static int
qemuMigrationSrcResume(virDomainObj *vm,
                       qemuMigrationParams *migParams,
                       qemuMigrationSpec *spec)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    virQEMUDriver *driver = priv->driver;
    int rc;

    demoParams(driver, migParams);

    qemuDomainObjEnterMonitor(vm);

    rc = qemuMigrationSrcStart(vm, spec);
    qemuDomainObjExitMonitor(vm);

    return rc;
}
