// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Wait for threads which stop the domain before the async job gets its next owner.
//
// files: src/qemu/qemu_domainjob.c
// aims: qemuDomainObjStartJobPhase

@@
typedef virDomainObj;
identifier obj, phase;
@@
 int
 qemuDomainObjStartJobPhase(virDomainObj *obj, int phase)
 {
     ... when any
     if (!obj->job->asyncJob)
         return 0;
+
+    if (obj->job->asyncOwner == 0 && virDomainObjWaitTermination(obj) < 0)
+        return -1;
+
+    if (!obj->job->asyncJob) {
+        virReportError(VIR_ERR_OPERATION_FAILED, "%s",
+                       _("domain is no longer running"));
+        return -1;
+    }
     ... when any
 }
