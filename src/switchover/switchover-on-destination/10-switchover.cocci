// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The Finish phase is the switchover of an incoming migration, until the guest's CPUs
// have been started, or cannot be.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationDstFinishFresh qemuMigrationDstFinishActive

@ started exists @
identifier vm, mig;
statement S;
@@
 qemuMigrationDstFinishFresh(..., virDomainObj *vm, qemuMigrationCookie *mig, ...)
 {
     ... when any
+    virDomainObjEndSwitchover(vm);
+
     if (mig->jobData) S
     ... when any
 }

@ finish exists @
identifier vm, rc;
@@
 qemuMigrationDstFinishActive(..., virDomainObj *vm, ...)
 {
     <+...
+    virDomainObjBeginSwitchover(vm);
     rc = qemuMigrationDstFinishFresh(...);
+    /* The phase may have failed before it got to start the CPUs. */
+    virDomainObjEndSwitchover(vm);
     ...+>
 }
