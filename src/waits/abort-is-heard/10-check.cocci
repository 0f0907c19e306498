// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether the job is to be aborted, asked where the job has waited for something
// that the abort of a migration does not end.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjWait qemuDomainObjWaitCommand qemuDomainFileWrapperFDClose

@ helper @
typedef virDomainObj;
identifier vm;
@@
 int qemuDomainObjWait(virDomainObj *vm) { ... }
+
+/**
+ * qemuDomainObjCheckAborted:
+ * @vm: locked domain object
+ *
+ * To be called after a wait which QEMU does not end when its migration is
+ * cancelled.
+ *
+ * Returns 0 on success,
+ *         -1 if a client wants the async job of the current thread to be aborted
+ *            (with an error reported).
+ */
+int
+qemuDomainObjCheckAborted(virDomainObj *vm)
+{
+    virDomainJobObj *job = vm->job;
+
+    if (job->asyncOwner != virThreadSelfID() || !job->abortJob)
+        return 0;
+
+    if (job->current) {
+        /* It was QEMU's migration that was cancelled, or this is the cleanup. */
+        if (job->current->status == VIR_DOMAIN_JOB_STATUS_CANCELED &&
+            virGetLastErrorCode() != VIR_ERR_OK)
+            return -1;
+
+        job->current->status = VIR_DOMAIN_JOB_STATUS_CANCELED;
+
+        /* QEMU's migration has completed, its job has not. */
+        if (job->completed && job->completed->started == job->current->started)
+            g_clear_pointer(&job->completed, virDomainJobDataFree);
+    }
+
+    virReportError(VIR_ERR_OPERATION_ABORTED, _("%1$s: %2$s"),
+                   virDomainAsyncJobTypeToString(job->asyncJob),
+                   _("canceled by client"));
+    return -1;
+}

@ command @
identifier vm, rc;
@@
 qemuDomainObjWaitCommand(virDomainObj *vm, ...)
 {
     ...
     if (qemuDomainObjExitInterruptible(vm) < 0)
         return -1;
-    return rc;
+    if (rc < 0)
+        return -1;
+
+    return qemuDomainObjCheckAborted(vm);
 }

@ helper_process @
identifier vm, fd, ret;
@@
 qemuDomainFileWrapperFDClose(virDomainObj *vm, virFileWrapperFd *fd)
 {
     ...
     if (!virDomainObjIsActive(vm)) {
         ...
     }
+    if (ret == 0)
+        ret = qemuDomainObjCheckAborted(vm);
+
     return ret;
 }
