// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The mask of an incoming migration, as soon as the domain is set up, or when
// the daemon finds the migration after a restart.
//
// files: src/qemu/qemu_migration.c src/qemu/qemu_process.c
// aims: qemuMigrationDstPrepareFresh qemuProcessRestoreMigrationJob

@ prepare exists @
identifier vm, mig, driver;
statement S;
@@
 qemuMigrationDstPrepareFresh(...)
 {
     ... when any
+    /* The domain is set up, and all that happens to it until the Finish phase
+     * is between QEMU and the source. */
+    qemuDomainObjSetAsyncJobMask(vm, vm->job->mask | QEMU_MIGRATION_ARRIVING_JOBS);
+
     if (qemuMigrationCookieFormat(mig, driver, vm, ...) < 0) S
     ... when any
 }

@ restore @
identifier allowedJobs;
@@
 qemuProcessRestoreMigrationJob(...)
 {
     <+...
-    allowedJobs = VIR_JOB_NONE;
+    allowedJobs = QEMU_MIGRATION_ARRIVING_JOBS;
     ...+>
 }
