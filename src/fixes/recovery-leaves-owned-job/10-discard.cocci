// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread which recovers a migration does not own its async job.
//
// files: src/qemu/qemu_migration.c src/qemu/qemu_process.c
// aims: qemuMigrationSrcCancelUnattended qemuProcessRecoverMigration

@ cancel @
symbol vm;
@@
 qemuMigrationSrcCancelUnattended(...)
 {
     <+...
-    virDomainObjEndAsyncJob(vm);
+    qemuDomainObjDiscardAsyncJob(vm);
     ...+>
 }

@ recover @
symbol vm;
@@
 qemuProcessRecoverMigration(...)
 {
     <+...
-    virDomainObjEndAsyncJob(vm);
+    qemuDomainObjDiscardAsyncJob(vm);
     ...+>
 }
