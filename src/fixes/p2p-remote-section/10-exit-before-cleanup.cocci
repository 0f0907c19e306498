// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A function which bails out between entering and exiting the remote section
// has to exit it first. Only the section which asks the destination for several
// features does so, for each of them.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcPerformPeer2Peer

@ bail exists @
expression vm, checkActive;
identifier rc, out;
symbol false;
@@
 qemuDomainObjEnterRemote(vm);
 ... when != qemuDomainObjExitRemote(vm, checkActive)
     when any
 if (rc < 0)
-    goto out;
+{
+    ignore_value(qemuDomainObjExitRemote(vm, false));
+    goto out;
+}
