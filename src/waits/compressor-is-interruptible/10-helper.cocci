// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The helper next to the one which waits for the domain condition.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjWait

@@
typedef virDomainObj, virCommand;
identifier vm;
@@
 int qemuDomainObjWait(virDomainObj *vm) { ... }
+
+/**
+ * qemuDomainObjWaitCommand:
+ * @vm: locked and referenced domain object, the current thread owns a job
+ * @cmd: command started by virCommandRunAsync()
+ *
+ * Waits with @vm unlocked until @cmd exits. If the current thread owns the
+ * async job, the job is interruptible meanwhile.
+ *
+ * Returns 0 on success,
+ *         -1 if @cmd failed, or if the domain is not running any more or it is
+ *            being destroyed (with an error reported).
+ */
+int
+qemuDomainObjWaitCommand(virDomainObj *vm,
+                         virCommand *cmd)
+{
+    int rc;
+
+    qemuDomainObjEnterInterruptible(vm);
+    virObjectUnlock(vm);
+
+    rc = virCommandWait(cmd, NULL);
+
+    virObjectLock(vm);
+    if (qemuDomainObjExitInterruptible(vm) < 0)
+        return -1;
+
+    return rc;
+}
