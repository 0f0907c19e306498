// SPDX-License-Identifier: LGPL-2.1-or-later
//
// As 50-stop.cocci, where the domain is unlocked once more between the death of its
// process and becoming inactive.
//
// files: src/qemu/qemu_process.c
// one-of: stop-path
// aims: qemuProcessStop

@ exists @
typedef virDomainObj, virDomainShutoffReason, virDomainAsyncJob;
identifier vm, reason, asyncJob;
symbol priv, false;
@@
 qemuProcessStop(..., virDomainObj *vm, virDomainShutoffReason reason, virDomainAsyncJob asyncJob, ...)
 {
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
     ... when any
     vm->def->id = -1;
     priv->beingDestroyed = false;
+    virDomainObjEndTermination(vm);
     ... when any
 }
