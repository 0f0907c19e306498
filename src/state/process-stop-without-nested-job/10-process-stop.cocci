// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stopping a domain takes no nested job, so there is none to end either.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessStop

@ begin @
expression vm, asyncJob;
identifier out;
@@
-if (asyncJob != VIR_ASYNC_JOB_NONE) {
-    if (virDomainObjBeginNestedJob(vm, asyncJob) < 0)
-        goto out;
-} else if (...) {
-    VIR_WARN(...);
-}

@ end @
expression vm, asyncJob;
@@
-if (asyncJob != VIR_ASYNC_JOB_NONE)
-    virDomainObjEndJob(vm);

@ inactive exists @
expression vm;
identifier endjob;
symbol cleanup;
@@
 qemuProcessStop(...)
 {
     ... when any
     if (!virDomainObjIsActive(vm)) {
         ...
-        goto endjob;
+        goto cleanup;
     }
     ... when any
 }
