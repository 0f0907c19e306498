// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A query neither starts nor waits while the process of the domain dies, and
// the pair of routines which says so.
//
// files: src/conf/virdomainjob.c
// sites: 6
// aims: virDomainObjBeginJobInternal virDomainObjCanSetJob virDomainObjExitInterruptible

@ predicate @
typedef bool;
typedef virDomainJobObj, virDomainJob;
@@
+/* Queries are refused while the process of the domain dies. */
+static bool
+virDomainObjRefusesJob(virDomainJobObj *job,
+                       virDomainJob newJob)
+{
+    return job->terminating > 0 && newJob == VIR_JOB_QUERY;
+}
+
+
 bool virDomainObjCanSetJob(...) { ... }

@ allows @
identifier jobObj, job;
@@
-!virDomainAsyncJobAllows(jobObj, job)
+!virDomainObjRefusesJob(jobObj, job) && !virDomainAsyncJobAllows(jobObj, job)

@ can @
identifier jobObj, job, agentJob;
@@
-!virDomainObjCanSetJob(jobObj, job, agentJob)
+!virDomainObjRefusesJob(jobObj, job) && !virDomainObjCanSetJob(jobObj, job, agentJob)

@ refuse @
identifier obj, jobObj, job, nowait, cleanup;
@@
 virDomainObjBeginJobInternal(..., virDomainJobObj *jobObj, virDomainJob job, ..., bool nowait)
 {
     ... when any
+    if (virDomainObjRefusesJob(jobObj, job)) {
+        if (!nowait) {
+            virReportError(VIR_ERR_OPERATION_INVALID, "%s",
+                           _("domain is not running"));
+        }
+        goto cleanup;
+    }
+
     if (obj->removing) {
         ...
         goto cleanup;
     }
     ... when any
 }

@ routines @
typedef virDomainObj;
identifier obj;
@@
 int virDomainObjExitInterruptible(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainObjBeginTermination:
+ * @obj: locked and referenced domain object
+ *
+ * To be called before waiting, with @obj unlocked, for the process of the
+ * domain to die. Until virDomainObjEndTermination() is called as many times
+ * VIR_JOB_QUERY cannot be started: it fails with VIR_ERR_OPERATION_INVALID at
+ * once, in threads which are waiting for it already, too. A job which is
+ * running and jobs of any other type are not affected.
+ */
+void
+virDomainObjBeginTermination(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    VIR_DEBUG("Refusing queries (vm=%p name=%s)", obj, obj->def->name);
+
+    job->terminating++;
+    virCondBroadcast(&job->cond);
+    virCondBroadcast(&job->asyncCond);
+}
+
+
+/**
+ * virDomainObjEndTermination:
+ * @obj: locked and referenced domain object
+ *
+ * Counterpart of virDomainObjBeginTermination().
+ */
+void
+virDomainObjEndTermination(virDomainObj *obj)
+{
+    obj->job->terminating--;
+}
