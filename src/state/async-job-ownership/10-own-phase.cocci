// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Starting a phase takes the ownership of an unowned async job, and with it
// closes the window: it can fail from now on.
//
// files: src/qemu/qemu_domainjob.c
// aims: qemuDomainObjStartJobPhase

@@
typedef virDomainObj;
identifier obj, phase, me;
expression list fmt;
@@
-void
+int
 qemuDomainObjStartJobPhase(virDomainObj *obj, int phase)
 {
     unsigned long long me = virThreadSelfID();
+    bool wasActive = virDomainObjIsActive(obj);
+    int rc;

     if (!obj->job->asyncJob)
-        return;
+        return 0;

     ...
     if (obj->job->asyncOwner == 0) {
+        g_free(obj->job->asyncOwnerAPI);
         obj->job->asyncOwnerAPI = g_strdup(virThreadJobGet());
     } else if (me != obj->job->asyncOwner) {
-        VIR_WARN(fmt);
+        virReportError(VIR_ERR_OPERATION_INVALID,
+                       _("'%1$s' async job is owned by thread %2$llu, API '%3$s'"),
+                       virDomainAsyncJobTypeToString(obj->job->asyncJob),
+                       obj->job->asyncOwner,
+                       NULLSTR(obj->job->asyncOwnerAPI));
+        return -1;
     }

     obj->job->asyncOwner = me;
+
+    rc = virDomainObjExitInterruptible(obj);
+
+    if (rc < 0 && virDomainObjIsActive(obj)) {
+        qemuDomainObjReleaseAsyncJob(obj);
+        return -1;
+    }
+
+    if (rc < 0 || (wasActive && !virDomainObjIsActive(obj))) {
+        if (virGetLastErrorCode() == VIR_ERR_OK) {
+            virReportError(VIR_ERR_OPERATION_FAILED, "%s",
+                           _("domain is no longer running"));
+        }
+        /* The thread which stopped the domain left the job to its new owner. */
+        virDomainObjEndAsyncJob(obj);
+        return -1;
+    }
+
     qemuDomainObjSetJobPhase(obj, phase);
+    return 0;
 }
