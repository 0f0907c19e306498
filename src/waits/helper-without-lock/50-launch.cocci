// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A start sees that the domain was destroyed while it waited.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessLaunch

@@
symbol vm, priv, cleanup;
@@
 qemuProcessLaunch(...)
 {
     <+...
     if (qemuExtDevicesStart(...) < 0)
         goto cleanup;
+
+    /* The domain was unlocked while programs ran. */
+    if (priv->beingDestroyed) {
+        virReportError(VIR_ERR_OPERATION_FAILED, "%s",
+                       _("domain is not running"));
+        goto cleanup;
+    }
     ...+>
 }
