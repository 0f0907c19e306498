// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The checks of an async job move to the function for async jobs, the rest is
// how everybody enters the monitor.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjEnterMonitorInternal qemuDomainObjEnterMonitor qemuDomainObjEnterMonitorAsync

@ internal @
typedef virDomainObj, virDomainAsyncJob;
identifier obj, asyncJob;
statement S;
@@
-static int
-qemuDomainObjEnterMonitorInternal(virDomainObj *obj, virDomainAsyncJob asyncJob)
+void
+qemuDomainObjEnterMonitor(virDomainObj *obj)
 {
     ...
-    if (asyncJob != VIR_ASYNC_JOB_NONE) S
     ...
-    return 0;
 }

@@
typedef virDomainObj;
identifier obj;
@@
-void qemuDomainObjEnterMonitor(virDomainObj *obj)
-{
-    ignore_value(qemuDomainObjEnterMonitorInternal(obj, VIR_ASYNC_JOB_NONE));
-}

@@
typedef virDomainObj, virDomainAsyncJob;
identifier obj, asyncJob;
@@
 int qemuDomainObjEnterMonitorAsync(virDomainObj *obj, virDomainAsyncJob asyncJob)
 {
-    return qemuDomainObjEnterMonitorInternal(obj, asyncJob);
+    if (asyncJob != VIR_ASYNC_JOB_NONE) {
+        if (asyncJob != obj->job->asyncJob) {
+            virReportError(VIR_ERR_INTERNAL_ERROR,
+                           _("unexpected async job %1$d type expected %2$d"),
+                           asyncJob, obj->job->asyncJob);
+            return -1;
+        }
+
+        if (!virDomainObjIsActive(obj)) {
+            virReportError(VIR_ERR_OPERATION_FAILED, "%s",
+                           _("domain is no longer running"));
+            return -1;
+        }
+    }
+
+    qemuDomainObjEnterMonitor(obj);
+    return 0;
 }
