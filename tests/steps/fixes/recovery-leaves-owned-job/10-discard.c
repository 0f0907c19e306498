/* SPDX-License-Identifier: LGPL-2.1-or-later */

int
qemuMigrationSrcCancelUnattended(virDomainObj *vm)
{
    qemuMigrationSrcCancel(vm, true);

    virDomainObjEndAsyncJob(vm);

    return 0;
}


static int
qemuProcessRecoverMigration(virDomainObj *vm)
{
    if (finished(vm)) {
        if (outgoing(vm)) {
            complete(vm);
        } else {
            virDomainObjEndAsyncJob(vm);
        }
        return 0;
    }

    return -1;
}


/* The owner goes on ending its job. */
static void
qemuMigrationJobFinish(virDomainObj *vm)
{
    virDomainObjEndAsyncJob(vm);
}
