// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A backup whose images are being formatted has no block jobs yet.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainAbortJobFlags

@@
identifier vm, priv;
symbol true;
@@
 qemuDomainAbortJobFlags(...)
 {
     <...
-    qemuBackupJobCancelBlockjobs(vm, priv->backup, true);
+    if (priv->backup)
+        qemuBackupJobCancelBlockjobs(vm, priv->backup, true);
+    else
+        qemuDomainObjAbortAsyncJob(vm);
     ...>
 }
