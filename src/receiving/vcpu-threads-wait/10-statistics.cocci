// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Statistics for which QEMU asks the threads of the vCPUs are left out.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetStatsCpuProc qemuDomainGetStatsCpuHaltPollTimeFromStats qemuDomainGetStatsVcpu

@ helper @
typedef bool;
typedef virDomainObj, virTypedParamList, qemuDomainJobDataPrivate;
type result;
identifier vm, params;
@@
 static result qemuDomainGetStatsCpuProc(virDomainObj *vm, virTypedParamList *params)
 { ... }
+
+
+static bool
+qemuDomainMemoryIsElsewhere(virDomainObj *vm)
+{
+    qemuDomainJobDataPrivate *jobData;
+
+    if (vm->job->asyncJob != VIR_ASYNC_JOB_MIGRATION_IN || !vm->job->current)
+        return false;
+
+    /* The guest may have been paused in post-copy, for an I/O error, say. */
+    jobData = vm->job->current->privateData;
+    return virDomainObjIsPostcopy(vm, vm->job) ||
+           jobData->stats.mig.status == QEMU_MONITOR_MIGRATION_STATUS_POSTCOPY;
+}

@ haltpoll @
identifier dom, privflags;
@@
 qemuDomainGetStatsCpuHaltPollTimeFromStats(virDomainObj *dom, unsigned int privflags, ...)
 {
     ... when any
-    if (!HAVE_JOB(privflags))
+    if (!HAVE_JOB(privflags) || qemuDomainMemoryIsElsewhere(dom))
         return -1;
     ... when any
 }

@ vcpu @
identifier dom;
expression flags;
@@
 qemuDomainGetStatsVcpu(..., virDomainObj *dom, ...)
 {
     <+...
-    HAVE_JOB(flags) && qemuDomainRefreshStatsSchema(dom) == 0
+    HAVE_JOB(flags) && !qemuDomainMemoryIsElsewhere(dom) &&
+        qemuDomainRefreshStatsSchema(dom) == 0
     ...+>
 }
