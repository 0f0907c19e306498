// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A snapshot that lets no query in holds up the statistics of all domains for no longer
// than a guest that arrives.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetStatsBeginJob

@@
typedef virDomainObj;
identifier dom, deadline, left;
@@
 qemuDomainGetStatsBeginJob(virDomainObj *dom, ..., long long deadline)
 {
     ... when any
-    if (qemuDomainObjIsArriving(dom)) {
-        if (!(dom->job->mask & JOB_MASK(VIR_JOB_QUERY)))
-            return -1;
-
-        if (deadline > 0) {
-            long long left = (deadline - g_get_monotonic_time()) / 1000;
-
-            return virDomainObjBeginJobTimeout(dom, VIR_JOB_QUERY, MAX(left, 0));
-        }
-    }
+    if (qemuDomainObjIsArriving(dom) && !(dom->job->mask & JOB_MASK(VIR_JOB_QUERY)))
+        return -1;
+
+    /* QEMU does not answer while it makes or deletes an internal snapshot, which may
+     * take minutes. */
+    if (deadline > 0 &&
+        (qemuDomainObjIsArriving(dom) ||
+         (dom->job->asyncJob == VIR_ASYNC_JOB_SNAPSHOT &&
+          !virDomainAsyncJobAllows(dom->job, VIR_JOB_QUERY)))) {
+        long long left = (deadline - g_get_monotonic_time()) / 1000;
+
+        return virDomainObjBeginJobTimeout(dom, VIR_JOB_QUERY, MAX(left, 0));
+    }
     ... when any
 }
