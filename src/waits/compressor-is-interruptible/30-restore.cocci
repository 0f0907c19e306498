// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The wait for the program which decompresses it.
//
// files: src/qemu/qemu_saveimage.c
// one-of: restore
// aims: qemuSaveImageStartVM

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
