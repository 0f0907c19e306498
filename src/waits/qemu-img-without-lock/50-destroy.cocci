// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A destroy waits for qemu-img, after which a revert may start the domain.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainDestroyFlags

@@
symbol vm, cleanup;
@@
 qemuDomainDestroyFlags(...)
 {
     ...
+    /* A revert may start the domain when qemu-img has done its part. */
+    if (!virDomainObjIsActive(vm) &&
+        virDomainObjWaitTermination(vm) < 0)
+        goto cleanup;
+
     if (virDomainObjCheckActive(vm) < 0)
         goto cleanup;
     ... when any
 }
