// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A QEMU that is known not to answer is asked for nothing.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationDstPrepareResume

@@
identifier vm, cleanup, status;
symbol priv, qemuProcessCleanupMigrationJob;
@@
 qemuMigrationDstPrepareResume(...)
 {
     ... when any
     qemuDomainCleanupRemove(vm, qemuProcessCleanupMigrationJob);
+
+    /* It would not answer us either, and the other host would wait. */
+    if (qemuMonitorIsUnanswered(priv->mon)) {
+        virReportError(VIR_ERR_OPERATION_TIMEOUT,
+                       _("QEMU does not answer commands for domain '%1$s'"),
+                       vm->def->name);
+        goto cleanup;
+    }
     if (qemuMigrationAnyRefreshStatus(vm, ..., &status) < 0)
         goto cleanup;
     ... when any
 }
