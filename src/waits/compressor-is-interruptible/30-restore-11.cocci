// SPDX-License-Identifier: LGPL-2.1-or-later
//
// As 30-restore.cocci, where a routine ends the program.
//
// files: src/qemu/qemu_saveimage.c src/qemu/qemu_process.c
// one-of: restore
// aims: qemuSaveImageDecompressionStop

@ restore @
typedef virDomainObj, virCommand;
identifier cmd;
@@
 int
-qemuSaveImageDecompressionStop(virCommand *cmd
+qemuSaveImageDecompressionStop(virDomainObj *vm,
+                               virCommand *cmd
                                , ...)
 {
     <+...
-    virCommandWait(cmd, NULL)
+    qemuDomainObjWaitCommand(vm, cmd)
     ...+>
 }

@ use @
symbol vm;
expression cmd;
@@
 qemuSaveImageDecompressionStop(
-                               cmd
+                               vm, cmd
                                , ...)
