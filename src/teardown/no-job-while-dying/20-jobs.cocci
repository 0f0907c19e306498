// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Jobs wait while the process of the domain dies, a query not for long, and the
// pair of routines which says so.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginJobInternal virDomainObjCanSetJob virDomainObjExitInterruptible

@ predicates @
typedef bool;
typedef virDomainJobObj, virDomainJob, virDomainObj;
symbol errno;
@@
+/* Returns true if @newJob cannot start before the process of the domain is dead. */
+static bool
+virDomainObjTerminationBlocks(virDomainJobObj *job,
+                              virDomainJob newJob)
+{
+    return job->terminating > 0 &&
+           newJob != VIR_JOB_NONE &&
+           newJob != VIR_JOB_DESTROY;
+}
+
+
+/* Returns true if @newJob has waited long enough for the process to die. */
+static bool
+virDomainObjRefusesJob(virDomainJobObj *job,
+                       virDomainJob newJob)
+{
+    return newJob == VIR_JOB_QUERY &&
+           virTimeMonotonicMillis() >= job->terminatingUntil;
+}
+
+
+/* Waits until something about the process of the domain changes, or until a
+ * query has waited long enough. For all other jobs this time does not count, as
+ * none can start: their deadline @then moves. */
+static int
+virDomainObjWaitForProcess(virDomainObj *obj,
+                           virDomainJobObj *job,
+                           virDomainJob newJob,
+                           unsigned long long *then)
+{
+    unsigned long long began = virTimeMonotonicMillis();
+    unsigned long long until = MIN(*then, job->terminatingUntil);
+
+    if (newJob == VIR_JOB_QUERY) {
+        if (virCondWaitUntil(&job->cond, &obj->parent.lock, until) < 0 &&
+            (errno != ETIMEDOUT || until == *then))
+            return -1;
+        return 0;
+    }
+
+    if (virCondWait(&job->cond, &obj->parent.lock) < 0)
+        return -1;
+
+    *then += virTimeMonotonicMillis() - began;
+    return 0;
+}
+
+
 bool virDomainObjCanSetJob(...) { ... }

@ process @
typedef bool;
typedef virDomainObj, virDomainJobObj, virDomainJob;
identifier obj, jobObj, job, nowait, then, cleanup, error;
@@
 virDomainObjBeginJobInternal(virDomainObj *obj, virDomainJobObj *jobObj, virDomainJob job, ..., bool nowait)
 {
     <+...
+    while (virDomainObjTerminationBlocks(jobObj, job)) {
+        if (virDomainObjRefusesJob(jobObj, job)) {
+            if (!nowait) {
+                virReportError(VIR_ERR_OPERATION_INVALID, "%s",
+                               _("domain is not running"));
+            }
+            goto cleanup;
+        }
+
+        if (nowait)
+            goto cleanup;
+
+        VIR_DEBUG("Waiting for the process to die (vm=%p name=%s)", obj, obj->def->name);
+        if (virDomainObjWaitForProcess(obj, jobObj, job, &then) < 0)
+            goto error;
+    }
+
     while (!virDomainAsyncJobAllows(jobObj, job)) {
         if (nowait)
             goto cleanup;
         ...
         if (virCondWaitUntil(..., then) < 0)
             goto error;
     }
     ...+>
 }

@ allows @
expression jobObj, job;
statement S;
@@
 while (
-    !virDomainAsyncJobAllows(jobObj, job)
+    !virDomainObjTerminationBlocks(jobObj, job) && !virDomainAsyncJobAllows(jobObj, job)
       ) S

@ can @
expression jobObj, job, agentJob;
statement S;
@@
 while (
-    !virDomainObjCanSetJob(jobObj, job, agentJob)
+    !virDomainObjTerminationBlocks(jobObj, job) && !virDomainObjCanSetJob(jobObj, job, agentJob)
       ) S

@ again @
expression jobObj, job;
symbol retry;
@@
 if (
-    !virDomainAsyncJobAllows(jobObj, job)
+    virDomainObjTerminationBlocks(jobObj, job) || !virDomainAsyncJobAllows(jobObj, job)
    )
     goto retry;

@ routines @
typedef virDomainObj;
identifier obj;
symbol errno;
@@
 int virDomainObjExitInterruptible(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainObjBeginTermination:
+ * @obj: locked and referenced domain object
+ *
+ * To be called before waiting, with @obj unlocked, for the process of the
+ * domain to die. Each call has to be matched by virDomainObjEndTermination().
+ * Until the last of these no job starts, except for VIR_JOB_DESTROY, and the
+ * time until then does not count against VIR_JOB_WAIT_TIME of other jobs.
+ * VIR_JOB_QUERY waits for VIR_JOB_TERMINATION_TIME from the first call of
+ * this function, and then fails with VIR_ERR_OPERATION_INVALID.
+ * A job which is running is not affected, and neither are agent jobs.
+ */
+void
+virDomainObjBeginTermination(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    VIR_DEBUG("Waiting for process begins (vm=%p name=%s)", obj, obj->def->name);
+
+    if (job->terminating++ == 0)
+        job->terminatingUntil = virTimeMonotonicMillis() + VIR_JOB_TERMINATION_TIME;
+
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
+    VIR_DEBUG("Waiting for process ends (vm=%p name=%s)", obj, obj->def->name);
+
+    obj->job->terminating--;
+    virCondBroadcast(&obj->job->cond);
+}
+
+
+/**
+ * virDomainObjIsTerminating:
+ * @obj: locked domain object
+ *
+ * Returns true if a thread waits for the process of the domain to die.
+ */
+bool
+virDomainObjIsTerminating(virDomainObj *obj)
+{
+    return obj->job->terminating > 0;
+}
+
+
+/**
+ * virDomainObjWaitTermination:
+ * @obj: locked and referenced domain object
+ *
+ * Waits, with @obj unlocked, until virDomainObjIsTerminating() is not true. By
+ * then, the thread which waited for the process may have got a job in order to
+ * stop the domain, or may have stopped it.
+ *
+ * Returns 0 on success,
+ *         -1 on error (with an error reported).
+ */
+int
+virDomainObjWaitTermination(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    while (virDomainObjIsTerminating(obj)) {
+        if (virCondWait(&job->cond, &obj->parent.lock) < 0) {
+            virReportSystemError(errno, "%s",
+                                 _("failed to wait for the domain to be stopped"));
+            return -1;
+        }
+    }
+
+    return 0;
+}
+
+
+/**
+ * virDomainObjWaitTerminationBriefly:
+ * @obj: locked and referenced domain object
+ *
+ * As virDomainObjWaitTermination(), but does not wait longer than a query does.
+ * The caller has to check what has become of the domain.
+ */
+void
+virDomainObjWaitTerminationBriefly(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    while (job->terminating > 0 &&
+           virTimeMonotonicMillis() < job->terminatingUntil) {
+        if (virCondWaitUntil(&job->cond, &obj->parent.lock,
+                             job->terminatingUntil) < 0 &&
+            errno != ETIMEDOUT)
+            return;
+    }
+}
