// SPDX-License-Identifier: LGPL-2.1-or-later
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessHandleShutdown

@@
typedef virDomainObj;
typedef bool;
identifier vm, detail, priv;
expression list args, state;
@@
 qemuProcessHandleShutdown(..., virDomainObj *vm, ...)
 {
     ...
     int detail = 0;
+    bool killed;
     ...
     virObjectLock(vm);
+
+    /* The thread which waits for the process to die decides what becomes of
+     * the domain. */
+    killed = vm->job->terminating > 0;
     ... when any
     if (
-        !priv->fakeReboot && vm->def->onPoweroff != VIR_DOMAIN_LIFECYCLE_ACTION_RESTART
+        killed ||
+        (!priv->fakeReboot &&
+         vm->def->onPoweroff != VIR_DOMAIN_LIFECYCLE_ACTION_RESTART)
        ) {
         VIR_DEBUG(args);
-        virDomainObjSetState(state);
+        if (!killed)
+            virDomainObjSetState(state);
         ... when any
     } else { ... }
     ... when any
-    qemuProcessShutdownOrReboot(vm);
+    if (!killed)
+        qemuProcessShutdownOrReboot(vm);
     ... when any
 }
