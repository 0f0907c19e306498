// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The state, who is admitted in it, and the pair of routines that change it.
// Whoever waits for the async job wakes up when the time is over.
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
+ * To be called when the guest is stopped in order to be handed over to another
+ * host, by whoever notices first. Even while the async job is interruptible no
+ * regular job starts from now on, except for those which end it: VIR_JOB_DESTROY
+ * and VIR_JOB_ABORT. The one which may be running goes on. This lasts until
+ * virDomainObjEndSwitchover() is called, or the async job ends, but at most for
+ * VIR_JOB_SWITCHOVER_TIME. Nothing happens if it has been called before, or if
+ * nobody owns the async job.
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
