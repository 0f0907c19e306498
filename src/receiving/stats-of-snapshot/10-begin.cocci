// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A snapshot that lets no query in does not hold up the statistics of all domains.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetStatsBeginJob

@@
typedef virDomainObj;
identifier dom, deadline;
@@
 qemuDomainGetStatsBeginJob(virDomainObj *dom, ..., long long deadline)
 {
     ... when any
+    /* QEMU does not answer while it makes or deletes an internal snapshot, which may
+     * take minutes. */
+    if (deadline > 0 && dom->job->asyncJob == VIR_ASYNC_JOB_SNAPSHOT &&
+        !virDomainAsyncJobAllows(dom->job, VIR_JOB_QUERY)) {
+        long long left = (deadline - g_get_monotonic_time()) / 1000;
+
+        return virDomainObjBeginJobTimeout(dom, VIR_JOB_QUERY, MAX(left, 0));
+    }
+
     return virDomainObjBeginJob(dom, VIR_JOB_QUERY);
 }
