// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The hook script of a start runs with the domain unlocked.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessStartHook

@@
typedef virDomainObj, qemuDomainObjPrivate;
identifier vm, op, subop, priv;
symbol domname, ret, NULL, VIR_HOOK_DRIVER_QEMU, VIR_HOOK_QEMU_OP_STARTED;
@@
 qemuProcessStartHook(..., virDomainObj *vm, ...)
 {
     qemuDomainObjPrivate *priv = vm->privateData;
     ...
     int ret;
     ... when any
+    /* There is no limit on the time the script takes. This is no window: the
+     * domain is half set up, and a thread that stopped it now would run other
+     * scripts beside this one. */
+    virDomainObjBeginProgram(vm);
+    virObjectUnlock(vm);
+
     ret = virHookCall(VIR_HOOK_DRIVER_QEMU,
-                      vm->def->name
+                      domname
                       , op, subop, ...);
+
+    virObjectLock(vm);
+    virDomainObjEndProgram(vm);
+
+    /* Once QEMU runs, the thread which stops the domain does all of it. */
+    if (ret >= 0 && op != VIR_HOOK_QEMU_OP_STARTED && priv->beingDestroyed) {
+        virReportError(VIR_ERR_OPERATION_FAILED, "%s",
+                       _("domain is not running"));
+        return -1;
+    }

     return ret;
 }
