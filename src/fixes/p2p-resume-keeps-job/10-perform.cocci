// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A peer-to-peer recovery does what qemuMigrationSrcPerformResume does to resume
// the migration, but keeps the job.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcPerformPeer2Peer3

@ perform exists @
expression driver, conn, vm, uri, params, in, inlen, out, outlen, flags;
identifier ret;
@@
 qemuMigrationSrcPerformPeer2Peer3(...)
 {
     ... when any
-    ret = qemuMigrationSrcPerformResume(driver, conn, vm, uri, params,
-                                        in, inlen, out, outlen, flags);
+    ignore_value(qemuMigrationJobSetPhase(vm, QEMU_MIGRATION_PHASE_PERFORM_RESUME));
+    ret = qemuMigrationSrcPerformNative(driver, vm, NULL, uri,
+                                            in, inlen,
+                                            out, outlen, flags,
+                                            0, NULL, NULL, 0, NULL, params, NULL);
     ... when any
 }
