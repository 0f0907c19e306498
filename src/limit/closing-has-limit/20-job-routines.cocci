// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Closing waits for a job, but not without end: then the job is given up.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjResetJob virDomainObjEndJob virDomainObjEnterInterruptible virDomainObjExitInterruptible

@ reset @
identifier job;
symbol false;
@@
 virDomainObjResetJob(...)
 {
     ...
     job->started = 0;
+    job->givenUp = false;
 }

@ end @
typedef bool;
typedef virDomainJob;
identifier obj, job;
@@
 virDomainObjEndJob(...)
 {
     virDomainJob job = obj->job->active;
+    bool givenUp = obj->job->givenUp;
     ...
     virDomainObjResetJob(obj->job);
+
+    if (givenUp && obj->job->cb && obj->job->cb->giveUpJob)
+        obj->job->cb->giveUpJob(obj, false);
     ...
 }

@ routines @
typedef virDomainObj, virDomainJobObj;
identifier obj;
symbol true;
@@
 void virDomainObjEnterInterruptible(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainObjCheckJobGivenUp:
+ * @obj: locked domain object
+ *
+ * To be called by threads which own a regular job after they have been waiting
+ * for anything but the monitor with @obj unlocked.
+ *
+ * Returns 0 on success,
+ *         -1 if the job of the current thread was given up because an async job
+ *            needs the domain, and has to end
+ *            (with VIR_ERR_OPERATION_TIMEOUT reported).
+ */
+int
+virDomainObjCheckJobGivenUp(virDomainObj *obj)
+{
+    if (!obj->job->givenUp || obj->job->owner != virThreadSelfID())
+        return 0;
+
+    virReportError(VIR_ERR_OPERATION_TIMEOUT,
+                   _("the job was given up because async job '%1$s' needs the domain"),
+                   virDomainAsyncJobTypeToString(obj->job->asyncJob));
+    return -1;
+}
+
+
+/* Makes the regular job end, as the async job needs the domain. */
+static void
+virDomainObjGiveUpJob(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+    unsigned long long now = job->started;
+
+    ignore_value(virTimeMillisNow(&now));
+
+    VIR_WARN("Giving up job %s of domain %s owned by %llu %s for %llus, async job %s (%s) needs it",
+             virDomainJobTypeToString(job->active), obj->def->name,
+             job->owner, NULLSTR(job->ownerAPI), (now - job->started) / 1000,
+             virDomainAsyncJobTypeToString(job->asyncJob),
+             NULLSTR(job->asyncOwnerAPI));
+
+    job->givenUp = true;
+
+    if (job->cb && job->cb->giveUpJob)
+        job->cb->giveUpJob(obj, true);
+}
+
+
+/* Waits until something about the regular job changes, and gives it up if it
+ * does not end by @deadline, in ms. There is no limit on the time a domain takes to
+ * be stopped: its process is killed if need be. A job which the async job does
+ * not allow began before the async job: its thread restores the domain after a
+ * restart of the daemon, and would stop the domain if it failed. The wait for
+ * that job fails with ETIMEDOUT. */
+static int
+virDomainObjWaitForJob(virDomainObj *obj,
+                       unsigned long long deadline)
+{
+    virDomainJobObj *job = obj->job;
+
+    if (job->givenUp || job->active == VIR_JOB_DESTROY || job->terminating > 0)
+        return virCondWait(&job->cond, &obj->parent.lock);
+
+    if (virCondWaitUntil(&job->cond, &obj->parent.lock, deadline) < 0) {
+        if (errno != ETIMEDOUT)
+            return -1;
+
+        /* The job may have ended at the last moment. */
+        if (job->active == VIR_JOB_NONE)
+            return 0;
+
+        if (!(job->mask & JOB_MASK(job->active))) {
+            errno = ETIMEDOUT;
+            return -1;
+        }
+
+        virDomainObjGiveUpJob(obj);
+    }
+
+    return 0;
+}

@ exit exists @
typedef virDomainObj, virDomainJobObj;
identifier obj, job;
symbol false;
@@
 int virDomainObjExitInterruptible(virDomainObj *obj)
 {
     virDomainJobObj *job = obj->job;
+    unsigned long long deadline;
     ... when any
     job->asyncInterruptible = false;
+    deadline = virTimeMonotonicMillis() + VIR_JOB_WAIT_TIME;
     ... when any
-    if (virCondWait(&job->cond, &obj->parent.lock) < 0) {
+    if (virDomainObjWaitForJob(obj, deadline) < 0) {
+        if (errno == ETIMEDOUT) {
+            virReportError(VIR_ERR_OPERATION_TIMEOUT,
+                           _("cannot acquire state change lock (held by monitor=%1$s)"),
+                           NULLSTR(job->ownerAPI));
+            return -1;
+        }
+
         virReportSystemError(...);
         return -1;
     }
     ... when any
 }
