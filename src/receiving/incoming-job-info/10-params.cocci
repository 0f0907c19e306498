// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is known of a job in which a guest arrives, and which domains have such a job.
//
// files: src/qemu/qemu_domainjob.c
// aims: qemuDomainJobDataToParams

@@
typedef bool;
typedef virDomainObj, virDomainJobObj, virDomainJobData, virTypedParameterPtr;
typedef virTypedParamList, qemuDomainJobDataPrivate;
typedef qemuMigrationJobPhase, qemuMonitorMigrationStatus;
identifier jobData, type, params, nparams;
@@
+/**
+ * qemuDomainObjIsArriving:
+ * @vm: locked domain object
+ *
+ * Returns true if @vm is being set up, or its guest arrives from another host or
+ *         is loaded from a saved image or a snapshot.
+ */
+bool
+qemuDomainObjIsArriving(virDomainObj *vm)
+{
#@ if >= 9.9.0
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_SNAPSHOT)
+        return vm->job->current->operation == VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT;
+
#@ end
+    return vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN ||
+           vm->job->asyncJob == VIR_ASYNC_JOB_START;
+}
+
+
+/* The values of VIR_DOMAIN_JOB_MIGRATION_PHASE, NULL if there is none */
+static const char *
+qemuDomainArrivingJobPhase(virDomainJobObj *job)
+{
+    if (job->asyncJob != VIR_ASYNC_JOB_MIGRATION_IN)
+        return NULL;
+
+    switch ((qemuMigrationJobPhase) job->phase) {
+    case QEMU_MIGRATION_PHASE_FINISH2:
+    case QEMU_MIGRATION_PHASE_FINISH3:
+        return "finish";
+
+    case QEMU_MIGRATION_PHASE_POSTCOPY_FAILED:
+        return "postcopy-failed";
+
+    case QEMU_MIGRATION_PHASE_PREPARE_RESUME:
+        return "resume-prepare";
+
+    case QEMU_MIGRATION_PHASE_FINISH_RESUME:
+        return "resume-finish";
+
+    case QEMU_MIGRATION_PHASE_NONE:
+    case QEMU_MIGRATION_PHASE_PREPARE:
+        return "prepare";
+
+    /* phases of the other host */
+    case QEMU_MIGRATION_PHASE_BEGIN3:
+    case QEMU_MIGRATION_PHASE_BEGIN_RESUME:
+    case QEMU_MIGRATION_PHASE_PERFORM2:
+    case QEMU_MIGRATION_PHASE_PERFORM3:
+    case QEMU_MIGRATION_PHASE_PERFORM_RESUME:
+    case QEMU_MIGRATION_PHASE_PERFORM3_DONE:
+    case QEMU_MIGRATION_PHASE_CONFIRM3:
+    case QEMU_MIGRATION_PHASE_CONFIRM_RESUME:
+    case QEMU_MIGRATION_PHASE_CONFIRM3_CANCELLED:
+    case QEMU_MIGRATION_PHASE_LAST:
+        break;
+    }
+
+    return NULL;
+}
+
+
+/* The values of VIR_DOMAIN_JOB_MIGRATION_STATUS, NULL if there is none */
+static const char *
+qemuDomainArrivingJobStatus(virDomainJobObj *job)
+{
+    qemuDomainJobDataPrivate *priv = job->current->privateData;
+
+    switch ((qemuMonitorMigrationStatus) priv->stats.mig.status) {
+    case QEMU_MONITOR_MIGRATION_STATUS_SETUP:
+        return "setup";
+
+    case QEMU_MONITOR_MIGRATION_STATUS_ACTIVE:
+    case QEMU_MONITOR_MIGRATION_STATUS_PRE_SWITCHOVER:
+    case QEMU_MONITOR_MIGRATION_STATUS_DEVICE:
+    case QEMU_MONITOR_MIGRATION_STATUS_WAIT_UNPLUG:
+        return "active";
+
+    case QEMU_MONITOR_MIGRATION_STATUS_POSTCOPY:
+        return "postcopy-active";
+
+    case QEMU_MONITOR_MIGRATION_STATUS_POSTCOPY_PAUSED:
+        return "postcopy-paused";
+
#@ if >= 11.0.0
+    case QEMU_MONITOR_MIGRATION_STATUS_POSTCOPY_RECOVER_SETUP:
#@ end
+    case QEMU_MONITOR_MIGRATION_STATUS_POSTCOPY_RECOVER:
+        return "postcopy-recover";
+
+    case QEMU_MONITOR_MIGRATION_STATUS_COMPLETED:
+        return "completed";
+
+    case QEMU_MONITOR_MIGRATION_STATUS_ERROR:
+    case QEMU_MONITOR_MIGRATION_STATUS_CANCELLING:
+    case QEMU_MONITOR_MIGRATION_STATUS_CANCELLED:
+        return "failed";
+
+    case QEMU_MONITOR_MIGRATION_STATUS_INACTIVE:
+    case QEMU_MONITOR_MIGRATION_STATUS_LAST:
+        break;
+    }
+
+    return NULL;
+}
+
+
+/**
+ * qemuDomainArrivingJobToParams:
+ * @job: domain job object of a locked domain for which qemuDomainObjIsArriving()
+ * @type: filled with the type of the job
+ * @params: filled with what is known of it
+ * @nparams: filled with the number of @params
+ *
+ * Reports a job that sets up a domain, or in which its guest arrives. QEMU
+ * knows no more than its events have reported already.
+ *
+ * Returns 0 on success, -1 on error (with an error reported).
+ */
+int
+qemuDomainArrivingJobToParams(virDomainJobObj *job,
+                              int *type,
+                              virTypedParameterPtr *params,
+                              int *nparams)
+{
+    const char *phase = qemuDomainArrivingJobPhase(job);
+    const char *status = qemuDomainArrivingJobStatus(job);
+    virTypedParamList *par;
#@ if >= 11.2.0
+    int rc;
#@ end
+
+    if (qemuDomainJobDataUpdateTime(job->current) < 0)
+        return -1;
+
#@ if < 11.2.0
+    par = g_new0(virTypedParamList, 1);
+
+    if (virTypedParamListAddInt(par, job->current->operation,
+                                VIR_DOMAIN_JOB_OPERATION) < 0 ||
+        virTypedParamListAddULLong(par, job->current->timeElapsed,
+                                   VIR_DOMAIN_JOB_TIME_ELAPSED) < 0 ||
+        (phase &&
+         virTypedParamListAddString(par, phase, VIR_DOMAIN_JOB_MIGRATION_PHASE) < 0) ||
+        (status &&
+         virTypedParamListAddString(par, status, VIR_DOMAIN_JOB_MIGRATION_STATUS) < 0)) {
+        virTypedParamListFree(par);
+        return -1;
+    }
+
+    *type = VIR_DOMAIN_JOB_UNBOUNDED;
+    *nparams = virTypedParamListStealParams(par, params);
+    virTypedParamListFree(par);
+    return 0;
#@ else
+    par = virTypedParamListNew();
+
+    virTypedParamListAddInt(par, job->current->operation, VIR_DOMAIN_JOB_OPERATION);
+    virTypedParamListAddULLong(par, job->current->timeElapsed, VIR_DOMAIN_JOB_TIME_ELAPSED);
+    if (phase)
+        virTypedParamListAddString(par, phase, VIR_DOMAIN_JOB_MIGRATION_PHASE);
+    if (status)
+        virTypedParamListAddString(par, status, VIR_DOMAIN_JOB_MIGRATION_STATUS);
+
+    rc = virTypedParamListSteal(par, params, nparams);
+    virTypedParamListFree(par);
+    if (rc < 0)
+        return -1;
+
+    *type = VIR_DOMAIN_JOB_UNBOUNDED;
+    return 0;
#@ end
+}
+
+
 int qemuDomainJobDataToParams(virDomainJobData *jobData,
                               int *type,
                               virTypedParameterPtr *params,
                               int *nparams)
 { ... }
