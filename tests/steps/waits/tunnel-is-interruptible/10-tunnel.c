/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationSrcStopTunnel(qemuMigrationIOThread *io, bool error)
{
    int rv = -1;
    char stop = error ? 1 : 0;

    if (safewrite(io->wakeupSendFD, &stop, 1) != 1) {
        demoReport("wakeup");
        goto cleanup;
    }

    virThreadJoin(&io->thread);

    if (!error && io->err.domain) {
        demoSetError(&io->err);
        goto cleanup;
    }

    rv = 0;

 cleanup:
    demoFree(io);
    return rv;
}


static int
qemuMigrationSrcRun(virQEMUDriver *driver,
                    virDomainObj *vm,
                    int fd)
{
    qemuMigrationIOThread *io = demoStart(driver, fd);

    if (demoWait(vm) < 0)
        goto error;

    if (io) {
        if (qemuMigrationSrcStopTunnel(io, false) < 0)
            return -1;
    }

    return 0;

 error:
    if (io)
        qemuMigrationSrcStopTunnel(io, true);
    return -1;
}


/* Waits for a thread which has nothing to do with a domain. */
static void
demoOther(struct demoThreads *io)
{
    virThreadJoin(&io->thread);
}
