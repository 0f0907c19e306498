// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The socket of a program is waited for with the domain unlocked, until a destroy.
//
// files: src/qemu/qemu_process.c src/qemu/qemu_dbus.c
// aims: qemuProcessStartManagedPRDaemon qemuDBusStart

@@
identifier wait = {qemuProcessStartManagedPRDaemon, qemuDBusStart};
symbol vm, priv, cleanup;
expression backoff, path;
@@
 wait(...)
 {
     <+...
     while (
-           virTimeBackOffWait(backoff)
+           qemuDomainObjWaitHelper(vm, backoff)
            ) {
         ...
+        if (priv->beingDestroyed) {
+            virReportError(VIR_ERR_OPERATION_FAILED, "%s",
+                           _("domain is not running"));
+            goto cleanup;
+        }
+
         if (virFileExists(path))
             break;
         ... when any
     }
     ...+>
 }
