// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An async job which needs an agent job may have to wait for another one to
// end: a window, too. The guest has to be thawed even if the domain is being destroyed, as
// that may fail.
//
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotFSFreeze qemuSnapshotCreateActiveExternal

@ helper @
typedef virDomainObj, virDomainAgentJob, qemuAgent;
@@
+/* Starts an agent job within the snapshot job, which is interruptible while it
+ * waits for another agent job to end. The domain may be about to be destroyed:
+ * as that can fail, a guest which was frozen must be thawed all the same.
+ *
+ * Returns 0 on success, -1 if there is no agent job, or no domain any more (with an
+ *         error reported). */
+static int
+qemuSnapshotBeginAgentJob(virDomainObj *vm,
+                          virDomainAgentJob agentJob)
+{
+    int rc;
+    int exitrc;
+
+    qemuDomainObjEnterInterruptible(vm);
+    rc = virDomainObjBeginAgentJob(vm, agentJob);
+    exitrc = virDomainObjExitInterruptible(vm);
+
+    if (rc < 0)
+        return -1;
+
+    if (exitrc < 0 || virDomainObjCheckActive(vm) < 0) {
+        virDomainObjEndAgentJob(vm);
+        return -1;
+    }
+
+    return 0;
+}
+
+
 int qemuSnapshotFSFreeze(...) { ... }

@ use @
expression vm, agentJob;
@@
 qemuSnapshotCreateActiveExternal(...)
 {
     <+...
-    virDomainObjBeginAgentJob(vm, agentJob)
+    qemuSnapshotBeginAgentJob(vm, agentJob)
     ...+>
 }
