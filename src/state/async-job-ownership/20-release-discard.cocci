// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Only the owner can release an async job, which makes it interruptible, and
// only a job without an owner can be discarded.
//
// files: src/qemu/qemu_domainjob.c
// aims: qemuDomainObjReleaseAsyncJob qemuDomainObjDiscardAsyncJob

@@
typedef virDomainObj;
symbol false;
identifier obj;
@@
 void qemuDomainObjReleaseAsyncJob(virDomainObj *obj)
 {
     ...
     if (obj->job->asyncOwner != 0 &&
         obj->job->asyncOwner != virThreadSelfID()) {
         VIR_WARN(...);
+        return;
     }
+
     obj->job->asyncOwner = 0;
+    obj->job->asyncInterruptible = false;
+    virCondBroadcast(&obj->job->asyncCond);
 }

@@
typedef virDomainObj;
identifier obj;
@@
 void qemuDomainObjDiscardAsyncJob(virDomainObj *obj)
 {
-    ...
+    if (!obj->job->asyncJob)
+        return;
+
+    if (obj->job->asyncOwner != 0) {
+        VIR_DEBUG("Leaving '%s' async job to its owner, thread %llu, API '%s'",
+                  virDomainAsyncJobTypeToString(obj->job->asyncJob),
+                  obj->job->asyncOwner, NULLSTR(obj->job->asyncOwnerAPI));
+        return;
+    }
+
+    virDomainObjEndAsyncJob(obj);
 }
