// SPDX-License-Identifier: LGPL-2.1-or-later
//
// There is no monitor to ask once the domain is off.
//
// files: src/qemu/qemu_driver.c
// aims: processResetEvent

@@
identifier driver, vm;
@@
 processResetEvent(...)
 {
     ... when any
-    qemuProcessRefreshState(driver, vm);
+    if (virDomainObjIsActive(vm))
+        qemuProcessRefreshState(driver, vm);
     ... when any
 }
