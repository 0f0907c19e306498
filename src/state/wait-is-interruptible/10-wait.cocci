// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Waiting for the domain condition is a window of the async job. Exiting the
// window fails if the domain has died or is about to die.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjWait

@@
typedef virDomainObj, qemuDomainObjPrivate;
identifier vm, priv;
@@
+/**
+ * qemuDomainObjWait:
+ * @vm: locked and referenced domain object, the current thread owns a job
+ *
+ * Waits with @vm unlocked until something about the domain changed. The caller
+ * has to check whether that is what it is waiting for. If the current thread
+ * owns the async job, the job is interruptible meanwhile.
+ *
+ * Returns 0 on success,
+ *         -1 if the domain is not running any more or it is being destroyed
+ *            (with an error reported).
+ */
 int qemuDomainObjWait(virDomainObj *vm)
 {
-    qemuDomainObjPrivate *priv = vm->privateData;
-
-    if (virDomainObjWait(vm) < 0)
-        return -1;
-
-    if (priv->beingDestroyed) {
-        ...
-    }
-
-    return 0;
+    int rc;
+
+    qemuDomainObjEnterInterruptible(vm);
+
+    if ((rc = virCondWait(&vm->cond, &vm->parent.lock)) < 0) {
+        virReportSystemError(errno, "%s",
+                             _("failed to wait for domain condition"));
+    }
+
+    if (qemuDomainObjExitInterruptible(vm) < 0)
+        return -1;
+
+    return rc;
 }
