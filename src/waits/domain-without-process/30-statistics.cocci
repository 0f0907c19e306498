// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Statistics of the process, and of what is made for it, are left out.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetStatsCpuProc qemuDomainGetResctrlMonData

// What they are of a domain that is off is another matter.

@ cpu @
typedef virDomainObj;
identifier vm;
@@
 qemuDomainGetStatsCpuProc(virDomainObj *vm, ...)
 {
     <+...
-    virProcessGetStatInfo(
+    (virDomainObjIsActive(vm) && !qemuDomainObjHasProcess(vm)) ||
+        virProcessGetStatInfo(
                           ...) < 0
     ...+>
 }

@ monitors @
identifier dom, features;
@@
 qemuDomainGetResctrlMonData(..., virDomainObj *dom, ...)
 {
     <+...
-    if (!features || !*features)
+    if (!features || !*features || !qemuDomainObjHasProcess(dom))
         return 0;
     ...+>
 }
