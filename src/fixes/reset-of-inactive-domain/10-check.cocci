// SPDX-License-Identifier: LGPL-2.1-or-later
//
// There is no monitor to ask once the domain is off.
//
// files: src/qemu/qemu_driver.c
// sites: 1
// aims: processResetEvent

@@
identifier driver, vm;
expression list job;
@@
 processResetEvent(...)
 {
     ... when any
-    qemuProcessRefreshState(driver, vm, job);
+    if (virDomainObjIsActive(vm))
+        qemuProcessRefreshState(driver, vm, job);
     ... when any
 }
