// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The handler of MIGRATION begins the switchover of an outgoing migration, its own
// thread ends it when it knows what became of it.
//
// files: src/qemu/qemu_process.c src/qemu/qemu_migration.c
// aims: qemuProcessHandleMigrationStatus qemuMigrationSrcRun

@ event exists @
identifier vm, privJob, status;
@@
 qemuProcessHandleMigrationStatus(..., virDomainObj *vm, int status)
 {
     ... when any
     privJob->stats.mig.status = status;
+
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_OUT &&
+        status == QEMU_MONITOR_MIGRATION_STATUS_PRE_SWITCHOVER) {
+        /* QEMU has stopped the guest and waits to be told to go on. */
+        virDomainObjBeginSwitchover(vm);
+    }
+
     virDomainObjBroadcast(vm);
     ... when any
 }

@ done @
identifier cleanup, priv;
symbol vm, false;
@@
 cleanup:
+    virDomainObjEndSwitchover(vm);
     priv->signalIOError = false;
