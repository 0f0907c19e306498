// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How to wait for a program that a start needs.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjRunImageCommand

@@
typedef virDomainObj, virDomainDef, virCommand, virTimeBackOffVar, bool;
identifier vm, def, cmd;
@@
 int qemuDomainObjRunImageCommand(virDomainObj *vm, virDomainDef *def, virCommand *cmd) { ... }
+
+
+/**
+ * qemuDomainObjRunHelper:
+ * @vm: locked and referenced domain object which the current thread starts, as the
+ *      owner of the async job
+ * @cmd: program which has to end before QEMU can start
+ * @exitstatus: where to store the exit status of @cmd
+ *
+ * Runs @cmd with @vm unlocked. The async job is not interruptible, as the domain is
+ * half set up. Afterwards the persistent definition may be another one, and another
+ * thread may be waiting to destroy the domain.
+ *
+ * Returns what virCommandRun() does.
+ */
+int
+qemuDomainObjRunHelper(virDomainObj *vm,
+                       virCommand *cmd,
+                       int *exitstatus)
+{
+    int ret;
+
+    virDomainObjBeginProgram(vm);
+    virObjectUnlock(vm);
+
+    ret = virCommandRun(cmd, exitstatus);
+
+    virObjectLock(vm);
+    virDomainObjEndProgram(vm);
+
+    return ret;
+}
+
+
+/**
+ * qemuDomainObjWaitHelper:
+ * @vm: locked and referenced domain object
+ * @timebackoff: the wait for a program to open its socket
+ *
+ * Waits for a while: with @vm unlocked, as in qemuDomainObjRunHelper(), if the
+ * current thread starts it. A regular job, which attaches a device, has it locked.
+ *
+ * Returns what virTimeBackOffWait() does.
+ */
+bool
+qemuDomainObjWaitHelper(virDomainObj *vm,
+                        virTimeBackOffVar *timebackoff)
+{
+    bool ret;
+
+    if (!vm->job->asyncJob || vm->job->asyncOwner != virThreadSelfID())
+        return virTimeBackOffWait(timebackoff);
+
+    virDomainObjBeginProgram(vm);
+    virObjectUnlock(vm);
+
+    ret = virTimeBackOffWait(timebackoff);
+
+    virObjectLock(vm);
+    virDomainObjEndProgram(vm);
+
+    return ret;
+}
