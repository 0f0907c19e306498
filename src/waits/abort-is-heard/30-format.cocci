// SPDX-License-Identifier: LGPL-2.1-or-later
//
// QEMU does not cancel what formats an image: an abort is heard when that has ended.
//
// files: src/qemu/qemu_block.c
// aims: qemuBlockStorageSourceCreateGeneric

@@
typedef virDomainObj;
identifier vm, ret;
@@
 qemuBlockStorageSourceCreateGeneric(virDomainObj *vm, ...)
 {
     ... when any
+    if (qemuDomainObjCheckAborted(vm) < 0)
+        goto cleanup;
+
     ret = 0;
     ...
 }
