// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is known of a job without QEMU is told without waiting.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetJobInfo qemuDomainGetJobStats

@ known @
typedef virDomainObj, qemuDomainJobDataPrivate, bool;
symbol QEMU_DOMAIN_JOB_STATS_TYPE_NONE, VIR_ASYNC_JOB_SNAPSHOT;
@@
 qemuDomainGetJobInfo(...) { ... }
+
+
+static bool
+qemuDomainJobLacksStats(virDomainObj *vm)
+{
+    qemuDomainJobDataPrivate *jobPriv;
+
+    if (qemuDomainObjIsArriving(vm))
+        return true;
+
+    /* It has statistics while it saves memory. */
+    if (vm->job->asyncJob != VIR_ASYNC_JOB_SNAPSHOT || !virDomainObjIsActive(vm))
+        return false;
+
+    jobPriv = vm->job->current->privateData;
+    return jobPriv->statsType == QEMU_DOMAIN_JOB_STATS_TYPE_NONE;
+}

@ ask @
symbol completed, vm;
@@
 qemuDomainGetJobStats(...)
 {
     <+...
-    qemuDomainObjIsArriving(vm)
+    qemuDomainJobLacksStats(vm)
     ...+>
 }
