// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The handler of MIGRATION, or the Finish phase if it is quicker, begins the
// switchover of an incoming migration; started CPUs end it.
//
// files: src/qemu/qemu_process.c src/qemu/qemu_migration.c
// sites: 3
// aims: qemuProcessHandleMigrationStatus qemuMigrationDstFinishFresh

@ event exists @
identifier vm, privJob, status;
@@
 qemuProcessHandleMigrationStatus(..., virDomainObj *vm, int status)
 {
     ... when any
     privJob->stats.mig.status = status;
+
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN &&
+        vm->job->phase == QEMU_MIGRATION_PHASE_PREPARE &&
+        (status == QEMU_MONITOR_MIGRATION_STATUS_COMPLETED ||
+         status == QEMU_MONITOR_MIGRATION_STATUS_POSTCOPY)) {
+        /* Only the Finish phase is missing for the guest to run. */
+        virDomainObjBeginSwitchover(vm);
+    }
+
     virDomainObjBroadcast(vm);
     ... when any
 }

@ finish exists @
identifier vm;
statement S;
@@
 qemuMigrationDstFinishFresh(..., virDomainObj *vm, ...)
 {
     ...
+    /* The event may come later than the source. */
+    virDomainObjBeginSwitchover(vm);
+
     if (qemuMigrationDstVPAssociatePortProfiles(vm->def) < 0) S
     ... when any
 }

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
