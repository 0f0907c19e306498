// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A block job that has not begun when the domain dies does not look at its disk.
//
// files: src/qemu/qemu_blockjob.c
// aims: qemuBlockJobStartupFinalize

@@
typedef virDomainObj, qemuBlockJobData;
identifier vm, job;
symbol QEMU_BLOCKJOB_STATE_NEW;
@@
 qemuBlockJobStartupFinalize(virDomainObj *vm, qemuBlockJobData *job)
 {
     ...
+    /* The disks of a domain that is off may have been freed. */
+    if (!virDomainObjIsActive(vm))
+        job->disk = NULL;
+
     if (job->state == QEMU_BLOCKJOB_STATE_NEW)
         qemuBlockJobUnregister(job, vm);
     ...
 }
