// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When that is known: at the end of a migration, on the host where the guest is not.
//
// files: src/qemu/qemu_process.c
// one-of: stop-path
// aims: qemuProcessStop

@@
typedef virDomainObj, virDomainShutoffReason, virDomainAsyncJob;
identifier vm, reason, asyncJob;
@@
 qemuProcessStop(..., virDomainObj *vm, virDomainShutoffReason reason, virDomainAsyncJob asyncJob, ...)
 {
     ... when any
     qemuDomainObjStopWorker(vm);
     ... when any
+    virDomainObjBeginTermination(vm);
+
+    /* That the guest is not here is known already: no query has to wait. */
+    if (reason == VIR_DOMAIN_SHUTOFF_MIGRATED ||
+        (reason == VIR_DOMAIN_SHUTOFF_FAILED &&
+         asyncJob == VIR_ASYNC_JOB_MIGRATION_IN)) {
+        virDomainObjSetGone(vm, reason,
+                            reason == VIR_DOMAIN_SHUTOFF_MIGRATED &&
+                            (vm->job->apiFlags & VIR_MIGRATE_UNDEFINE_SOURCE));
+    }
+
     ignore_value(qemuProcessKill(vm, ...));
+
+    virDomainObjEndTermination(vm);
     ... when any
 }
