// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The same mask until the program that decompresses the memory has ended.
//
// files: src/qemu/qemu_saveimage.c
// aims: qemuSaveImageStartVM qemuSaveImageDecompressionStop

@@
typedef virDomainObj;
identifier restore = {qemuSaveImageStartVM, qemuSaveImageDecompressionStop};
symbol vm, cmd, rc, started;
@@
 restore(...)
 {
+    unsigned long long mask = vm->job->mask;
     <+...
+    if (started) {
+        /* QEMU has read all of the memory. */
+        qemuDomainObjSetAsyncJobMask(vm, mask | QEMU_MIGRATION_ARRIVING_JOBS);
+    }
     rc = qemuDomainObjWaitCommand(vm, cmd);
+    qemuDomainObjSetAsyncJobMask(vm, mask);
     ...+>
 }
