// SPDX-License-Identifier: LGPL-2.1-or-later
//
// No function asks any more in which job the begin phase of a migration runs.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcBegin

@ assigned @
symbol asyncJob, VIR_ASYNC_JOB_MIGRATION_OUT, VIR_ASYNC_JOB_NONE;
@@
 qemuMigrationSrcBegin(...)
 {
     <+...
(
-    asyncJob = VIR_ASYNC_JOB_MIGRATION_OUT;
|
-    asyncJob = VIR_ASYNC_JOB_NONE;
)
     ...+>
 }

@ declared @
typedef virDomainAsyncJob;
symbol asyncJob;
@@
 qemuMigrationSrcBegin(...)
 {
     ...
-    virDomainAsyncJob asyncJob;
     ...
 }
