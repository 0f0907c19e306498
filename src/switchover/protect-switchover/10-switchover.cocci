// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The handler of STOP begins the switchover of a migration, its own thread
// ends it when it knows what became of it.
//
// files: src/qemu/qemu_process.c src/qemu/qemu_migration.c
// sites: 2
// aims: qemuProcessHandleStop qemuMigrationSrcRun

@ stop exists @
identifier vm;
symbol reason;
statement S1, S2;
@@
 qemuProcessHandleStop(..., virDomainObj *vm)
 {
     ... when any
     if (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_OUT) {
+        if (reason == VIR_DOMAIN_PAUSED_UNKNOWN && vm->job->asyncOwner != 0) {
+            /* It was QEMU's own decision, and somebody waits for what
+             * comes of it. */
+            virDomainObjBeginSwitchover(vm);
+        }
+
         if (vm->job->current->status == VIR_DOMAIN_JOB_STATUS_POSTCOPY) S1 else S2
     }
     ... when any
 }

@ done @
identifier cleanup, priv;
symbol vm, false;
@@
 cleanup:
+    virDomainObjEndSwitchover(vm);
     priv->signalIOError = false;
