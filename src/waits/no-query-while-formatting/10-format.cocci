// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An async job admits no job which may ask about block devices while QEMU formats an image
// for it.
//
// files: src/qemu/qemu_block.c
// aims: qemuBlockStorageSourceCreateGeneric

@@
typedef virDomainObj, bool, qemuBlockJobData;
identifier vm, job;
symbol rc;
@@
 qemuBlockStorageSourceCreateGeneric(virDomainObj *vm, ...)
 {
     ...
     int rc;
+    bool async = vm->job->asyncOwner == virThreadSelfID();
+    unsigned long long mask = vm->job->mask;

     if (!(job = qemuBlockJobNewCreate(...)))
         return -1;

     qemuBlockJobSyncBegin(job);
+
+    if (async) {
+        /* QEMU 7.2 dies if it is asked about block devices while it opens the image. */
+        qemuDomainObjSetAsyncJobMask(vm, mask & (JOB_MASK(VIR_JOB_ABORT) |
+                                                 JOB_MASK(VIR_JOB_SUSPEND)));
+    }
     ... when any
+    if (async)
+        qemuDomainObjSetAsyncJobMask(vm, mask);
+
     qemuBlockJobStartupFinalize(vm, job);
     ...
 }
