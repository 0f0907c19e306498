// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An event whose handler changes the host's network.
//
// files: src/qemu/qemu_driver.c
// sites: 2
// aims: processNicRxFilterChangedEvent

@@
typedef virDomainObj, virDomainJob, virDomainDeviceDef;
identifier vm, dev;
@@
 processNicRxFilterChangedEvent(virDomainObj *vm, ...)
 {
+    virDomainJob job = VIR_JOB_QUERY;
     virDomainDeviceDef dev;
     ... when any
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN)
+        job = VIR_JOB_MODIFY;
+
-    if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
+    if (virDomainObjBeginJob(vm, job) < 0)
         return;
     ... when any
 }
