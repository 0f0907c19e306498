// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A migration whose source dies is under way until it is over.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetJobStatsInternal

@ helper @
typedef bool;
typedef virDomainObj, virDomainJobData;
identifier vm, completed, jobData;
@@
+/* Gets what is known of the job without QEMU if the source of a migration dies, or
+ * is dead, and the migration is not over yet: a client would take "domain is
+ * not running" for the end of the migration.
+ *
+ * Returns true if it has filled @jobData. */
+static bool
+qemuDomainGetJobStatsDying(virDomainObj *vm,
+                           virDomainJobData **jobData)
+{
+    if (vm->job->asyncJob != VIR_ASYNC_JOB_MIGRATION_OUT ||
+        (vm->job->apiFlags & VIR_MIGRATE_OFFLINE) ||
+        (vm->job->terminating == 0 && virDomainObjIsActive(vm)))
+        return false;
+
+    *jobData = virDomainJobDataCopy(vm->job->current);
+    ignore_value(qemuDomainJobDataUpdateTime(*jobData));
+    return true;
+}
+
+
 static int
 qemuDomainGetJobStatsInternal(virDomainObj *vm, bool completed, virDomainJobData **jobData)
 { ... }

@ use @
identifier vm, jobData, cleanup;
symbol ret;
@@
 qemuDomainGetJobStatsInternal(virDomainObj *vm, ..., virDomainJobData **jobData)
 {
     ... when any
-    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
-        return -1;
+    if (qemuDomainGetJobStatsDying(vm, jobData))
+        return 0;
+
+    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0) {
+        if (!qemuDomainGetJobStatsDying(vm, jobData))
+            return -1;
+
+        virResetLastError();
+        return 0;
+    }
+
+    if (qemuDomainGetJobStatsDying(vm, jobData)) {
+        ret = 0;
+        goto cleanup;
+    }
+
     if (virDomainObjCheckActive(vm) < 0)
         goto cleanup;
     ... when any
 }
