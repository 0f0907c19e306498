// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The routines which change the state, and its reset together with the rest of
// the async job: a new async job starts closed.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjResetAsyncJob virDomainObjEndAsyncJob

@@
typedef virDomainJobObj;
symbol false;
identifier job;
@@
 void virDomainObjResetAsyncJob(virDomainJobObj *job)
 {
     ...
     job->asyncPaused = false;
+    job->asyncInterruptible = false;
     ...
 }

@@
typedef bool;
typedef virDomainObj;
identifier obj;
@@
 void virDomainObjEndAsyncJob(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainAsyncJobIsInterruptible:
+ * @job: domain job object of a locked domain
+ *
+ * Checks whether regular jobs may run along with the active async job. An async
+ * job which is not owned by any thread is always interruptible: there is no
+ * thread which a regular job could disturb, and the async job only waits for
+ * its next phase to start.
+ *
+ * Returns true if the async job is interruptible, false if it has the domain
+ *         to itself. The result is meaningless if there is no async job.
+ */
+bool
+virDomainAsyncJobIsInterruptible(virDomainJobObj *job)
+{
+    return job->asyncOwner == 0 || job->asyncInterruptible;
+}
+
+
+/**
+ * virDomainObjEnterInterruptible:
+ * @obj: locked and referenced domain object
+ *
+ * To be called by the owner of the async job before it starts waiting with
+ * @obj unlocked. From then on, jobs allowed by the mask of the async job may
+ * run, and the owner must not touch the monitor or the state of the domain
+ * until virDomainObjExitInterruptible() succeeds.
+ *
+ * Nothing happens if the current thread does not own the async job, so that
+ * code shared with regular jobs does not have to distinguish them.
+ */
+void
+virDomainObjEnterInterruptible(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    if (!job->asyncJob || job->asyncOwner != virThreadSelfID())
+        return;
+
+    if (job->asyncInterruptible) {
+        VIR_WARN("async job %s of domain %s is interruptible already",
+                 virDomainAsyncJobTypeToString(job->asyncJob), obj->def->name);
+        return;
+    }
+
+    VIR_DEBUG("Async job %s is interruptible (vm=%p name=%s)",
+              virDomainAsyncJobTypeToString(job->asyncJob), obj, obj->def->name);
+
+    job->asyncInterruptible = true;
+    virCondBroadcast(&job->asyncCond);
+}
+
+
+/**
+ * virDomainObjExitInterruptible:
+ * @obj: locked and referenced domain object
+ *
+ * Counterpart of virDomainObjEnterInterruptible(). From then on no regular job
+ * can start. If a regular job is running, the function waits until it ends.
+ * There is no limit on the time it takes, see the job in question for that.
+ * @obj is unlocked while waiting. The caller has to check what could have
+ * changed since the async job became interruptible; in particular, the domain
+ * may not be active any more.
+ *
+ * Returns 0 on success, also if the current thread does not own the async job
+ *         and there was nothing to do,
+ *         -1 on error (with an error reported).
+ */
+int
+virDomainObjExitInterruptible(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    if (!job->asyncJob || job->asyncOwner != virThreadSelfID())
+        return 0;
+
+    job->asyncInterruptible = false;
+
+    while (job->active != VIR_JOB_NONE) {
+        VIR_DEBUG("Async job %s waits for job %s to end (vm=%p name=%s)",
+                  virDomainAsyncJobTypeToString(job->asyncJob),
+                  virDomainJobTypeToString(job->active),
+                  obj, obj->def->name);
+
+        if (virCondWait(&job->cond, &obj->parent.lock) < 0) {
+            virReportSystemError(errno, "%s",
+                                 _("failed to wait for a job to end"));
+            return -1;
+        }
+    }
+
+    VIR_DEBUG("Async job %s is not interruptible (vm=%p name=%s)",
+              virDomainAsyncJobTypeToString(job->asyncJob), obj, obj->def->name);
+
+    return 0;
+}
