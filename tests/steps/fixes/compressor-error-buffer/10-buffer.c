/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationSrcToLegacyFile(virQEMUDriver *driver,
                             virDomainObj *vm,
                             int fd,
                             virCommand *compressor)
{
    int ret = -1;
    char *errbuf = NULL;

    if (demoLabel(driver, vm) < 0)
        goto cleanup;

    if (!compressor) {
        ret = demoMigrateToFd(vm, fd);
    } else {
        virCommandSetOutputFD(compressor, &fd);
        virCommandSetErrorBuffer(compressor, &errbuf);
        virCommandDoAsyncIO(compressor);
        if (virCommandRunAsync(compressor, NULL) < 0)
            goto cleanup;
        ret = demoMigrateToFd(vm, fd);
    }

 cleanup:
    demoClose(fd);

    if (errbuf) {
        VIR_DEBUG("Compression binary stderr: %s", NULLSTR(errbuf));
        VIR_FREE(errbuf);
    }

    return ret;
}


int
qemuMigrationSrcToFile(virQEMUDriver *driver,
                       virDomainObj *vm,
                       int *fd,
                       virCommand *compressor)
{
    int rc;
    int ret = -1;
    virErrorPtr orig_err = NULL;

    if (demoSparse(vm))
        rc = demoSparseFile(driver, vm, fd);
    else
        rc = qemuMigrationSrcToLegacyFile(driver, vm, *fd, compressor);

    if (rc < 0)
        goto cleanup;

    if (compressor && virCommandWait(compressor, NULL) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    demoRestoreBandwidth(vm);

    virErrorRestore(&orig_err);

    return ret;
}


/* Another function that waits itself. */
static int
demoRun(virCommand *cmd)
{
    char *errbuf = NULL;
    int rc;

    virCommandSetErrorBuffer(cmd, &errbuf);
    rc = virCommandRun(cmd, NULL);

    if (errbuf) {
        VIR_DEBUG("Compression binary stderr: %s", NULLSTR(errbuf));
        VIR_FREE(errbuf);
    }

    return rc;
}
