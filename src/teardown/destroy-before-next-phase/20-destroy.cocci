// SPDX-License-Identifier: LGPL-2.1-or-later
//
// If the process was killed here, the domain was destroyed, whichever thread cleaned up.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainDestroyFlags

@ exists @
typedef virDomainPtr;
identifier vm, ret, cleanup;
expression kill;
@@
 qemuDomainDestroyFlags(...)
 {
     ... when any
     int ret = -1;
     ... when any
     if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, kill) < 0)
+    {
+        if (vm->removing && !virDomainObjIsActive(vm)) {
+            int shutoffReason;
+
+            ignore_value(virDomainObjGetState(vm, &shutoffReason));
+            virResetLastError();
+
+            if (shutoffReason == VIR_DOMAIN_SHUTOFF_MIGRATED ||
+                shutoffReason == VIR_DOMAIN_SHUTOFF_SAVED) {
+                virReportError(VIR_ERR_OPERATION_INVALID,
+                               "%s", _("domain is not running"));
+            } else {
+                VIR_DEBUG("Domain %s has been cleaned up by its async job",
+                          vm->def->name);
+                ret = 0;
+            }
+        }
         goto cleanup;
+    }
     ... when any
 }
