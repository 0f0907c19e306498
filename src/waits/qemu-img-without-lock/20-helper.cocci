// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The helper next to the one which waits with the async job interruptible.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjWaitCommand

@@
typedef virDomainObj, virCommand;
symbol NULL;
identifier vm, cmd;
@@
 int qemuDomainObjWaitCommand(virDomainObj *vm, virCommand *cmd) { ... }
+
+/**
+ * qemuDomainObjRunImageCommand:
+ * @vm: locked and referenced domain object which is not active, the current
+ *      thread owns the async job
+ * @def: definition which the caller works by
+ * @cmd: command which works on the images in @def
+ *
+ * Runs @cmd with @vm unlocked. No job starts meanwhile, as each would have to
+ * wait until the images are what the definition says: the async job is not
+ * interruptible. The definition of @vm may be replaced, so if @def is that one
+ * @vm remains locked.
+ *
+ * Returns 0 on success, -1 on error (with an error reported).
+ */
+int
+qemuDomainObjRunImageCommand(virDomainObj *vm,
+                             virDomainDef *def,
+                             virCommand *cmd)
+{
+    int ret;
+
+    if (def == vm->def)
+        return virCommandRun(cmd, NULL);
+
+    virDomainObjBeginProgram(vm);
+    virObjectUnlock(vm);
+
+    ret = virCommandRun(cmd, NULL);
+
+    virObjectLock(vm);
+    virDomainObjEndProgram(vm);
+
+    return ret;
+}
