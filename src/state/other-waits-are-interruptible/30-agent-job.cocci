// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An async job which needs an agent job may have to wait for another one to
// end: a window, too.
//
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotFSFreeze qemuSnapshotCreateActiveExternal

@ helper @
typedef virDomainObj, virDomainAgentJob, qemuAgent;
@@
+/* Starts an agent job within the snapshot job, which is interruptible while it
+ * waits for another agent job to end. */
+static int
+qemuSnapshotBeginAgentJob(virDomainObj *vm,
+                          virDomainAgentJob agentJob)
+{
+    int rc;
+
+    qemuDomainObjEnterInterruptible(vm);
+    rc = virDomainObjBeginAgentJob(vm, agentJob);
+
+    if (qemuDomainObjExitInterruptible(vm) < 0) {
+        if (rc == 0)
+            virDomainObjEndAgentJob(vm);
+        return -1;
+    }
+
+    return rc;
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
