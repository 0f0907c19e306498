// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Such statistics have parameters of their own.
//
// files: src/qemu/qemu_domainjob.c
// sites: 2
// aims: qemuDomainJobDataToParams

@ params @
typedef virDomainJobData, virTypedParameterPtr, qemuDomainJobDataPrivate;
identifier jobData, type, params, nparams, priv;
@@
+static int
+qemuDomainIncomingJobDataToParams(virDomainJobData *jobData,
+                                  int *type,
+                                  virTypedParameterPtr *params,
+                                  int *nparams)
+{
+    qemuDomainJobDataPrivate *priv = jobData->privateData;
+    const char *status = qemuMonitorMigrationStatusTypeToString(priv->stats.mig.status);
+    virTypedParameterPtr par = NULL;
+    int maxpar = 0;
+    int npar = 0;
+
+    if (virTypedParamsAddInt(&par, &npar, &maxpar,
+                             VIR_DOMAIN_JOB_OPERATION,
+                             jobData->operation) < 0 ||
+        virTypedParamsAddULLong(&par, &npar, &maxpar,
+                                VIR_DOMAIN_JOB_TIME_ELAPSED,
+                                jobData->timeElapsed) < 0 ||
+        (STRNEQ(priv->incomingPhase, "none") &&
+         virTypedParamsAddString(&par, &npar, &maxpar,
+                                 VIR_DOMAIN_JOB_MIGRATION_PHASE,
+                                 priv->incomingPhase) < 0) ||
+        (priv->stats.mig.status != QEMU_MONITOR_MIGRATION_STATUS_INACTIVE &&
+         virTypedParamsAddString(&par, &npar, &maxpar,
+                                 VIR_DOMAIN_JOB_MIGRATION_STATUS,
+                                 status) < 0)) {
+        virTypedParamsFree(par, npar);
+        return -1;
+    }
+
+    *type = VIR_DOMAIN_JOB_UNBOUNDED;
+    *params = par;
+    *nparams = npar;
+    return 0;
+}
+
+
 int qemuDomainJobDataToParams(virDomainJobData *jobData,
                               int *type,
                               virTypedParameterPtr *params,
                               int *nparams)
 {
     qemuDomainJobDataPrivate *priv = jobData->privateData;
+
+    if (priv->incomingPhase)
+        return qemuDomainIncomingJobDataToParams(jobData, type, params, nparams);
     ... when any
 }
