/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainSnapshotForEachQcow2Raw(virQEMUDriver *driver,
                                  virDomainDef *def,
                                  virDomainMomentObj *snap,
                                  const char *op,
                                  int ndisks)
{
    size_t i;

    for (i = 0; i < ndisks; i++) {
        g_autoptr(virCommand) cmd = demoCommand(driver, op, def->disks[i]);

        if (virCommandRun(cmd, NULL) < 0) {
            if (i)
                qemuDomainSnapshotForEachQcow2Raw(driver, def, snap,
                                                  "-d", i);
            return -1;
        }
    }

    return 0;
}


int
qemuDomainSnapshotForEachQcow2(virQEMUDriver *driver,
                               virDomainDef *def,
                               virDomainMomentObj *snap,
                               const char *op)
{
    return qemuDomainSnapshotForEachQcow2Raw(driver, def, snap, op, def->ndisks);
}


int
demoDelete(virQEMUDriver *driver, virDomainObj *vm, virDomainMomentObj *snap)
{
    virDomainDef *def = snap->def->dom;

    if (qemuDomainSnapshotForEachQcow2(driver, def, snap, "-d") < 0)
        return -1;

    return qemuDomainSnapshotForEachQcow2(driver, vm->def, snap, "-c");
}


static int
qemuSnapshotForEachQcow2One(virStorageSource *src,
                            const char *op,
                            const char *snapname)
{
    g_autoptr(virCommand) cmd = demoCommand(op, snapname, src->path);

    if (virCommandRun(cmd, NULL) < 0)
        return -1;

    return 0;
}


static int
qemuSnapshotForEachQcow2(virQEMUDriver *driver,
                         virDomainDef *def,
                         virDomainMomentObj *snap,
                         const char *op)
{
    size_t i;

    if (demoPrepare(driver, def) < 0)
        return -1;

    for (i = 0; i < def->ndisks; i++) {
        virDomainDiskDef *disk = def->disks[i];

        if (qemuSnapshotForEachQcow2One(disk->src, op, snap->def->name) < 0)
            return -1;
    }

    return 0;
}


int
demoRevert(virDomainObj *vm, virDomainMomentObj *snap)
{
    virDomainDef *def = snap->def->dom;

    if (qemuSnapshotForEachQcow2(QEMU_DOMAIN_PRIVATE(vm)->driver,
                                 def, snap, "-d") < 0)
        return -1;

    return qemuSnapshotForEachQcow2(QEMU_DOMAIN_PRIVATE(vm)->driver,
                                    vm->def, snap, "-c");
}


/* Changes no snapshot. */
int
demoOther(virCommand *cmd)
{
    return virCommandRun(cmd, NULL);
}
