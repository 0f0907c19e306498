// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The callers that start a phase get to know whether it has started. Two of them
// used to go on in spite of an error, although the async job was not theirs.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationJobStartPhase qemuMigrationSrcPerformPhase qemuMigrationAnyConnectionClosed qemuMigrationDstFinish

@ forward @
expression vm, phase;
@@
-qemuDomainObjStartJobPhase(vm, phase);
-return 0;
+return qemuDomainObjStartJobPhase(vm, phase);

@ perform @
expression vm, phase;
identifier ret, cleanup;
@@
 qemuMigrationSrcPerformPhase(...)
 {
     ... when any
     int ret = -1;
     ... when any
     if (qemuMigrationJobStartPhase(vm, phase) < 0)
-        goto cleanup;
+        return ret;
     ... when any
 }

@ closed exists @
expression vm, phase;
@@
 qemuMigrationAnyConnectionClosed(...)
 {
     ... when any
-    ignore_value(qemuMigrationJobStartPhase(vm, phase));
+    if (qemuMigrationJobStartPhase(vm, phase) < 0)
+        return;
     ... when any
 }

@ finish @
expression phase;
identifier driver, vm, cleanup;
@@
 qemuMigrationDstFinish(..., virQEMUDriver *driver, ..., virDomainObj *vm, ...)
 {
     ... when any
     if (qemuMigrationJobStartPhase(vm, phase) < 0)
-        goto cleanup;
+    {
+        qemuMigrationDstErrorReport(driver, vm->def->name);
+        goto cleanup;
+    }
     ... when any
 }
