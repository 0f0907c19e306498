// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The mask of the job for as long as it waits.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationDstRun

@ exists @
identifier vm, priv, rv;
symbol false;
typedef virDomainObj, qemuDomainObjPrivate;
@@
 qemuMigrationDstRun(virDomainObj *vm, ...)
 {
     ...
+    unsigned long long mask = vm->job->mask;
     qemuDomainObjPrivate *priv = vm->privateData;
     int rv;
     ... when any
-    if (qemuMigrationDstWaitForCompletion(vm, false) < 0)
-        return -1;
-
-    return 0;
+    /* All is set up, and QEMU reads the guest's memory. */
+    qemuDomainObjSetAsyncJobMask(vm, mask | QEMU_MIGRATION_ARRIVING_JOBS);
+    rv = qemuMigrationDstWaitForCompletion(vm, false);
+    qemuDomainObjSetAsyncJobMask(vm, mask);
+
+    return rv;
 }
