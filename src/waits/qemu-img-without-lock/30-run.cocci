// SPDX-License-Identifier: LGPL-2.1-or-later
//
// qemu-img for all images of a domain, which has a routine for each image in some
// releases.
//
// files: src/qemu/qemu_domain.c src/qemu/qemu_snapshot.c
// aims: qemuDomainSnapshotForEachQcow2Raw qemuDomainSnapshotForEachQcow2 qemuSnapshotForEachQcow2 qemuSnapshotForEachQcow2One
// may-miss: one image

@ every @
typedef virQEMUDriver, virDomainObj, virDomainDef;
identifier each = {qemuDomainSnapshotForEachQcow2Raw, qemuDomainSnapshotForEachQcow2,
                   qemuSnapshotForEachQcow2};
identifier driver, def;
@@
 each(virQEMUDriver *driver,
-     virDomainDef *def
+     virDomainObj *vm,
+     virDomainDef *def
      , ...)
 { ... }

@ use @
identifier each = {qemuDomainSnapshotForEachQcow2Raw, qemuDomainSnapshotForEachQcow2,
                   qemuSnapshotForEachQcow2};
expression driver, def;
symbol vm;
@@
 each(driver,
-     def
+     vm, def
      , ...)

@ one @
typedef virDomainObj, virDomainDef, virStorageSource;
identifier src;
@@
 qemuSnapshotForEachQcow2One(
-                            virStorageSource *src
+                            virDomainObj *vm,
+                            virDomainDef *def,
+                            virStorageSource *src
                             , ...)
 { ... }

@ image @
expression src;
symbol vm, def;
@@
 qemuSnapshotForEachQcow2One(
-                            src
+                            vm, def, src
                             , ...)

@ run @
identifier each = {qemuDomainSnapshotForEachQcow2Raw, qemuSnapshotForEachQcow2One};
identifier cmd;
symbol vm, def;
@@
 each(...)
 {
     <+...
-    virCommandRun(cmd, NULL)
+    qemuDomainObjRunImageCommand(vm, def, cmd)
     ...+>
 }
