// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A released job of a migration that QEMU has completed is finished by a worker.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationJobContinue qemuMigrationAnyRefreshStatus

@@
typedef virDomainObj, qemuDomainCleanupCallback, qemuDomainJobDataPrivate;
identifier vm, cleanup;
@@
 qemuMigrationJobContinue(virDomainObj *vm, qemuDomainCleanupCallback cleanup)
 {
     qemuDomainCleanupAdd(vm, cleanup);
     qemuDomainObjReleaseAsyncJob(vm);
+
+    if (vm->job->phase == QEMU_MIGRATION_PHASE_POSTCOPY_FAILED) {
+        qemuDomainJobDataPrivate *current = vm->job->current->privateData;
+
+        /* It completed while a thread owned the job, which did not notice. */
+        if (current->stats.mig.status == QEMU_MONITOR_MIGRATION_STATUS_COMPLETED) {
+            qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_UNATTENDED_MIGRATION,
+                                   vm->job->asyncJob, current->stats.mig.status, NULL);
+        }
+    }
 }

@@
typedef virDomainJobStatus;
identifier vm, status, jobData, priv;
@@
 qemuMigrationAnyRefreshStatus(virDomainObj *vm,
                               ...,
                               virDomainJobStatus *status)
 {
     ...
     priv = jobData->privateData;
     ...
     qemuMigrationUpdateJobType(jobData);
+
+    if (vm->job->current &&
+        priv->stats.mig.status == QEMU_MONITOR_MIGRATION_STATUS_COMPLETED) {
+        qemuDomainJobDataPrivate *current = vm->job->current->privateData;
+
+        current->stats.mig.status = priv->stats.mig.status;
+    }
     ...
 }
