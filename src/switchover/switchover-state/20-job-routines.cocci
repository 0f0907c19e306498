// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The state, which jobs are admitted in it, and the pair of routines that
// change it. Threads which wait for the async job wake up when the time is
// over.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjResetAsyncJob virDomainAsyncJobAllows virDomainObjBeginJobInternal virDomainObjExitInterruptible

@ reset @
identifier job;
symbol false;
@@
 virDomainObjResetAsyncJob(...)
 {
     ...
     job->asyncInterruptible = false;
+    job->asyncSwitchover = 0;
     ...
 }

@ allows @
identifier jobs, newJob;
@@
-(virDomainAsyncJobIsInterruptible(jobs) && (jobs->mask & JOB_MASK(newJob)))
+(virDomainAsyncJobMask(jobs) & JOB_MASK(newJob))

@ wait @
identifier jobObj, obj, then;
@@
 virDomainObjBeginJobInternal(...)
 {
     <+...
-    virCondWaitUntil(&jobObj->asyncCond, &obj->parent.lock, then)
+    virDomainObjWaitForAsyncJob(obj, jobObj, then)
     ...+>
 }

@ routines @
typedef virDomainObj;
identifier obj;
@@
 int virDomainObjExitInterruptible(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainObjBeginSwitchover:
+ * @obj: locked domain object
+ *
+ * To be called by any thread as soon as the guest is stopped in order to be
+ * handed over to another host. From then on no regular job starts, even while
+ * the async job is interruptible, except for those which end the async job:
+ * VIR_JOB_DESTROY and VIR_JOB_ABORT. A regular job which is running goes on.
+ * This lasts until virDomainObjEndSwitchover() is called, or the async job
+ * ends, but at most for VIR_JOB_SWITCHOVER_TIME. Nothing happens if it has been
+ * called before, or if nobody owns the async job.
+ */
+void
+virDomainObjBeginSwitchover(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    if (!job->asyncJob || job->asyncOwner == 0 || job->asyncSwitchover > 0)
+        return;
+
+    VIR_DEBUG("Switchover begins (vm=%p name=%s async=%s)", obj, obj->def->name,
+              virDomainAsyncJobTypeToString(job->asyncJob));
+
+    job->asyncSwitchover = virTimeMonotonicMillis() + VIR_JOB_SWITCHOVER_TIME;
+}
+
+
+/**
+ * virDomainObjEndSwitchover:
+ * @obj: locked domain object
+ *
+ * To be called by the owner of the async job once the outcome is known,
+ * whether or not there was a switchover.
+ */
+void
+virDomainObjEndSwitchover(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    if (job->asyncSwitchover == 0)
+        return;
+
+    VIR_DEBUG("Switchover ends (vm=%p name=%s async=%s)", obj, obj->def->name,
+              virDomainAsyncJobTypeToString(job->asyncJob));
+
+    job->asyncSwitchover = 0;
+    virCondBroadcast(&job->asyncCond);
+}
