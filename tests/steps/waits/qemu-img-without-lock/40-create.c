/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuSnapshotCreateInactiveInternal(virQEMUDriver *driver,
                                   virDomainObj *vm,
                                   virDomainMomentObj *snap)
{
    return qemuDomainSnapshotForEachQcow2(driver, vm, vm->def, snap, "-c", false);
}


/* Creates files by the definition of the domain. */
static int
demoOther(virDomainObj *vm, virDomainMomentObj *snap)
{
    return qemuSnapshotForEachQcow2(vm, vm->def, snap, "-c");
}
