// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A thread which did not get the job leaves it alone. (The label is a text edit.)
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationDstPrepareResume

@@
expression vm, phase;
expression list args;
identifier cleanup;
@@
 qemuMigrationDstPrepareResume(...)
 {
     ... when any
     if (!qemuMigrationAnyCanResume(args))
-        goto cleanup;
+        goto endapi;
     if (qemuMigrationJobStartPhase(vm, phase) < 0)
-        goto cleanup;
+        goto endapi;
     ... when any
 }
