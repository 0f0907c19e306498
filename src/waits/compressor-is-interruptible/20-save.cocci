// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The wait for the program which compresses memory.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcToFile

@ save @
identifier vm, compressor;
@@
 qemuMigrationSrcToFile(..., virDomainObj *vm, ...)
 {
     ... when any
-    virCommandWait(compressor, NULL)
+    qemuDomainObjWaitCommand(vm, compressor)
     ... when any
 }
