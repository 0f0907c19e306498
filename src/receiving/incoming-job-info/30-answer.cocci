// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Neither an error nor a job.
//
// files: src/qemu/qemu_driver.c
// sites: 1
// aims: qemuDomainGetJobStatsInternal

@@
typedef virDomainObj, virDomainJobData;
identifier vm, jobData;
expression E1, E2, E3;
@@
 qemuDomainGetJobStatsInternal(virDomainObj *vm, ..., virDomainJobData **jobData)
 {
     ... when any
-    if (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN) {
-        virReportError(E1, E2, E3);
-        return -1;
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN ||
+        vm->job->asyncJob == VIR_ASYNC_JOB_START) {
+        /* QEMU has no more to tell than its events did. */
+        *jobData = virDomainJobDataCopy(vm->job->current);
+        privStats = (*jobData)->privateData;
+        privStats->incomingPhase = qemuDomainAsyncJobPhaseToString(vm->job->asyncJob, vm->job->phase);
+        return qemuDomainJobDataUpdateTime(*jobData);
     }
     ... when any
 }
