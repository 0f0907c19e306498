// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What needs QEMU is left to a worker. That a post-copy migration has failed is
// recorded at once.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationAnyConnectionClosed

@ closed exists @
typedef virDomainObj, virConnectPtr, qemuDomainJobPrivate;
typedef bool;
identifier vm, conn, jobPriv, postcopy, phase;
symbol false, qemuProcessCleanupMigrationJob;
@@
 qemuMigrationAnyConnectionClosed(virDomainObj *vm, virConnectPtr conn)
 {
-    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
     bool postcopy = false;
-    int phase;
     ... when any
-    if (postcopy)
-        phase = QEMU_MIGRATION_PHASE_POSTCOPY_FAILED;
-    else
-        phase = QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED;
-    if (qemuMigrationJobStartPhase(vm, phase) < 0)
-        return;
-
-    if (postcopy) {
-        ...
-    } else {
-        ...
-    }
+    if (vm->job->asyncOwner != 0) {
+        VIR_DEBUG("Thread %llu goes on with the migration", vm->job->asyncOwner);
+        return;
+    }
+
+    /* This is the main loop of the daemon, which must not wait for a job.
+     * A worker does what needs QEMU; libvirt's own state can be changed
+     * here, as that does not need exclusive access to the domain. */
+    if (!postcopy) {
+        qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_CANCELLED_MIGRATION,
+                               vm->job->phase, vm->def->id, NULL);
+        return;
+    }
+
+    qemuDomainObjSetJobPhase(vm, QEMU_MIGRATION_PHASE_POSTCOPY_FAILED);
+
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_OUT)
+        qemuMigrationSrcPostcopyFailed(vm);
+    else
+        qemuMigrationDstPostcopyFailed(vm);
+    qemuMigrationJobContinue(vm, qemuProcessCleanupMigrationJob);
 }

@ cancelled @
identifier vm, conn;
@@
 static void qemuMigrationAnyConnectionClosed(virDomainObj *vm, virConnectPtr conn)
 { ... }
+
+/**
+ * qemuMigrationProcessCancelled:
+ * @vm: locked and referenced domain object
+ * @phase: the phase in which the migration was left
+ * @id: ID of the domain which was migrated
+ *
+ * Ends an outgoing migration after the connection which controlled it was closed,
+ * unless a client has continued the migration since.
+ */
+void
+qemuMigrationProcessCancelled(virDomainObj *vm,
+                              int phase,
+                              int id)
+{
+    qemuDomainJobPrivate *jobPriv = vm->job->privateData;
+
+    if (vm->def->id != id ||
+        vm->job->asyncJob != VIR_ASYNC_JOB_MIGRATION_OUT ||
+        vm->job->asyncOwner != 0 ||
+        vm->job->phase != phase)
+        return;
+
+    if (qemuMigrationJobStartPhase(vm, QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED) < 0)
+        return;
+
+    qemuMigrationParamsReset(vm, jobPriv->migParams, vm->job->apiFlags);
+    qemuMigrationJobFinish(vm);
+}
