// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The waits for the programs which compress and decompress memory.
//
// files: src/qemu/qemu_migration.c src/qemu/qemu_saveimage.c
// aims: qemuMigrationSrcToFile qemuSaveImageStartVM

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

@ restore @
identifier vm, cmd;
@@
 qemuSaveImageStartVM(..., virDomainObj *vm, ...)
 {
     <+...
-    virCommandWait(cmd, NULL)
+    qemuDomainObjWaitCommand(vm, cmd)
     ...+>
 }
