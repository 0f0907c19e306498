// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Helpers, in front of the functions which need them.
//
// files: src/conf/virdomainjob.c
// aims: virDomainTrackJob

@@
typedef bool;
typedef virDomainJob, virDomainJobObj, virDomainObj;
@@
+/* Returns true if a switchover keeps most newcomers out. */
+static bool
+virDomainAsyncJobInSwitchover(virDomainJobObj *job)
+{
+    return virTimeMonotonicMillis() < job->asyncSwitchover;
+}
+
+/* The jobs which may run along with the async job at the moment */
+static unsigned long long
+virDomainAsyncJobMask(virDomainJobObj *job)
+{
+    if (!virDomainAsyncJobIsInterruptible(job))
+        return 0;
+
+    if (virDomainAsyncJobInSwitchover(job))
+        return job->mask & VIR_JOB_SWITCHOVER_MASK;
+
+    return job->mask;
+}
+
+/* Waits until something about the async job changes, the time for a
+ * switchover is over, or @then is reached. Only the latter is an error. */
+static int
+virDomainObjWaitForAsyncJob(virDomainObj *obj,
+                            virDomainJobObj *job,
+                            unsigned long long then)
+{
+    unsigned long long until = then;
+
+    if (virDomainAsyncJobInSwitchover(job))
+        until = MIN(then, job->asyncSwitchover);
+
+    if (virCondWaitUntil(&job->asyncCond, &obj->parent.lock, until) < 0 &&
+        (errno != ETIMEDOUT || until == then))
+        return -1;
+
+    return 0;
+}
+
 bool virDomainTrackJob(...) { ... }
