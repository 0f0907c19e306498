// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The statistics have it. The old call, whose answer has no operation, does not.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetJobStats

@@
typedef virDomainPtr, virTypedParameterPtr;
symbol ret, completed;
identifier vm, dom, type, params, nparams, cleanup;
@@
 qemuDomainGetJobStats(virDomainPtr dom, int *type, virTypedParameterPtr *params, int *nparams, ...)
 {
     ... when any
     if (virDomainGetJobStatsEnsureACL(dom->conn, vm->def) < 0)
         goto cleanup;
+
+    if (!completed && qemuDomainObjIsArriving(vm)) {
+        ret = qemuDomainArrivingJobToParams(vm->job, type, params, nparams);
+        goto cleanup;
+    }
     ... when any
 }
