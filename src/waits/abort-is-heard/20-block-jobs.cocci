// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Waits for block jobs: their callers cancel them if the wait fails.
//
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotDeleteBlockJobRunning

@@
typedef virDomainObj;
identifier vm;
@@
 qemuSnapshotDeleteBlockJobRunning(virDomainObj *vm, ...)
 {
     <+...
     if (qemuDomainObjWait(vm) < 0)
         return -1;
+    if (qemuDomainObjCheckAborted(vm) < 0)
+        return -1;
     ...+>
 }
