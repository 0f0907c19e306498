// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Places which use the monitor after a wait without checking how the wait ended.
//
// files: src/qemu/qemu_snapshot.c src/qemu/qemu_backup.c src/qemu/qemu_blockjob.c src/qemu/qemu_driver.c src/qemu/qemu_hotplug.c
// aims: qemuSnapshotCreateActiveExternal qemuSnapshotDiskCleanup qemuBackupDiskDataCleanupOne qemuBlockJobUpdate qemuDomainSaveInternal qemuDomainAttachDiskGeneric

@ freeze @
identifier frozen, cleanup;
expression vm;
@@
 frozen = qemuSnapshotFSFreeze(vm, NULL, 0);
 virDomainObjEndAgentJob(vm);
 if (frozen < 0)
     goto cleanup;
+
+if (virDomainObjCheckActive(vm) < 0)
+    goto cleanup;

@ snapshot @
expression data;
statement S;
@@
 qemuSnapshotDiskCleanup(...)
 {
     <+...
     if (
-        data.blockdevadded
+        data.blockdevadded && virDomainObjIsActive(vm)
        ) S
     ...+>
 }

@ backup @
expression dd;
statement S;
@@
 qemuBackupDiskDataCleanupOne(...)
 {
     <+...
     if (
-        dd->added
+        dd->added && virDomainObjIsActive(vm)
        ) S
     ...+>
 }

@ event @
expression job;
identifier vm;
typedef virDomainObj;
@@
 qemuBlockJobUpdate(virDomainObj *vm, ...)
 {
     ...
     if (job->newstate == -1)
         return;
+
+    /* QEMU is gone, and its block job with it. */
+    if (!virDomainObjIsActive(vm))
+        return;
     ...
 }

@ save @
expression vm, e, cap;
expression list how;
identifier endjob;
statement S;
@@
 qemuDomainSaveInternal(...)
 {
     <+...
(
-    if (!qemuMigrationSrcIsAllowed(vm, how))
-        goto endjob;
-
     if (!virDomainObjIsActive(vm)) S
+
+    if (!qemuMigrationSrcIsAllowed(vm, how))
+        goto endjob;
|
+    if (virDomainObjCheckActive(vm) < 0)
+        goto endjob;
+
     if (!qemuMigrationSrcIsAllowed(vm, how))
         goto endjob;
     if (e && !qemuMigrationCapsGet(vm, cap)) S
)
     ...+>
 }

@ attach @
expression vm;
expression list how;
identifier attached;
statement S;
@@
 qemuDomainAttachDiskGeneric(...)
 {
     <+...
+    if (!virDomainObjIsActive(vm))
+        return -1;
+
     if (qemuDomainObjEnterMonitorAsync(vm, how) < 0)
         return -1;
     if (attached) S
     ...+>
 }
