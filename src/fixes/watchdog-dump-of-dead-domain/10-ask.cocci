// SPDX-License-Identifier: LGPL-2.1-or-later
//
// files: src/qemu/qemu_driver.c
// aims: processWatchdogEvent

@@
typedef virDomainObj;
identifier vm, ret;
symbol endjob;
expression list args;
@@
 processWatchdogEvent(..., virDomainObj *vm, ...)
 {
     <+...
+    if (!virDomainObjIsActive(vm))
+        goto endjob;
+
     ret = qemuProcessStartCPUs(args);
     ...+>
 }
