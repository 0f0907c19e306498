// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The job is looked at only after it is known to exist.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessHandleDumpCompleted

@@
type T;
expression vm;
identifier data, cleanup;
@@
 qemuProcessHandleDumpCompleted(...)
 {
     ...
-    T *data = NULL;
+    T *data;
     ...
-    data = vm->job->current->privateData;
     if (vm->job->asyncJob == VIR_ASYNC_JOB_NONE) {
         VIR_DEBUG(...);
         goto cleanup;
     }
+
+    data = vm->job->current->privateData;
     ...
 }
