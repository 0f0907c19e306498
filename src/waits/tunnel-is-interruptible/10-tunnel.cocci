// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The wait for the thread which moves the data of a tunnelled migration is a
// window.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcStopTunnel

@ stop exists @
typedef qemuMigrationIOThread, virDomainObj;
typedef bool;
identifier io, error, rv, cleanup;
@@
 int
-qemuMigrationSrcStopTunnel(qemuMigrationIOThread *io, bool error)
+qemuMigrationSrcStopTunnel(virDomainObj *vm, qemuMigrationIOThread *io, bool error)
 {
+    int rc;
     int rv = -1;
     ... when any
+    qemuDomainObjEnterInterruptible(vm);
+    virObjectUnlock(vm);
+
     virThreadJoin(&io->thread);
+
+    virObjectLock(vm);
+    rc = qemuDomainObjExitInterruptible(vm);
     ... when any
-    rv = 0;
+    rv = rc;
 cleanup:
     ... when any
 }

@ use @
symbol vm;
expression io, error;
@@
-qemuMigrationSrcStopTunnel(io, error)
+qemuMigrationSrcStopTunnel(vm, io, error)
