// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Entering the monitor for an async job takes no nested job, and leaving it has
// none to end. A thread which enters has to have the domain to itself.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjEnterMonitorInternal qemuDomainObjExitMonitor

@ enter @
typedef virDomainObj, virDomainAsyncJob, qemuDomainObjPrivate;
identifier obj, asyncJob, priv, ret;
expression list gone;
@@
 qemuDomainObjEnterMonitorInternal(virDomainObj *obj, virDomainAsyncJob asyncJob)
 {
     qemuDomainObjPrivate *priv = obj->privateData;
+    unsigned long long me = virThreadSelfID();

     if (asyncJob != VIR_ASYNC_JOB_NONE) {
-        int ret;
-        if ((ret = virDomainObjBeginNestedJob(obj, asyncJob)) < 0)
-            return ret;
+        if (asyncJob != obj->job->asyncJob) {
+            virReportError(VIR_ERR_INTERNAL_ERROR,
+                           _("unexpected async job %1$d type expected %2$d"),
+                           asyncJob, obj->job->asyncJob);
+            return -1;
+        }
         if (!virDomainObjIsActive(obj)) {
             virReportError(gone);
-            virDomainObjEndJob(obj);
             return -1;
         }
-    } else if (obj->job->asyncOwner == virThreadSelfID()) {
-        VIR_WARN(...);
-    } else if (obj->job->owner != virThreadSelfID()) {
-        VIR_WARN(...);
     }
+
+    if (obj->job->owner != me &&
+        (obj->job->asyncOwner != me || virDomainAsyncJobIsInterruptible(obj->job))) {
+        VIR_WARN("Entering a monitor without owning a job. Job %s owner %s (%llu), async job %s%s owner %s (%llu)",
+                 virDomainJobTypeToString(obj->job->active),
+                 NULLSTR(obj->job->ownerAPI), obj->job->owner,
+                 virDomainAsyncJobTypeToString(obj->job->asyncJob),
+                 virDomainAsyncJobIsInterruptible(obj->job) ? " (interruptible)" : "",
+                 NULLSTR(obj->job->asyncOwnerAPI), obj->job->asyncOwner);
+    }
     ...
 }

@ leave @
typedef virDomainObj;
identifier obj;
@@
 qemuDomainObjExitMonitor(virDomainObj *obj)
 {
     ...
-
-    if (obj->job->active == VIR_JOB_ASYNC_NESTED)
-        virDomainObjEndJob(obj);
 }
