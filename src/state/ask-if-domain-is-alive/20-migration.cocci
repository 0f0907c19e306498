// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Places of a migration which may find the domain gone: waiting for a job is a
// wait as well, and clients may mix up the flags of an offline migration.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcRun qemuMigrationSrcNBDCopyCancel qemuMigrationSrcCancelRemoveTempBitmaps qemuMigrationDstFinishFresh qemuMigrationDstFinishActive

@ run @
expression resource;
identifier vm;
typedef virDomainObj;
statement S;
@@
 qemuMigrationSrcRun(..., virDomainObj *vm, ...)
 {
     <+...
+    if (virDomainObjCheckActive(vm) < 0)
+        return -1;
+
     if (resource > 0) S
     ...+>
 }

@ mirrors @
identifier vm;
typedef virDomainObj;
@@
 qemuMigrationSrcNBDCopyCancel(virDomainObj *vm, ...)
 {
     <+...
     VIR_DEBUG("Cancelling drive mirrors for domain %s", vm->def->name);
+
+    if (virDomainObjCheckActive(vm) < 0)
+        return -1;
     ...+>
 }

@ bitmaps @
identifier vm;
typedef virDomainObj;
expression e1, e2, e3;
statement S;
@@
 qemuMigrationSrcCancelRemoveTempBitmaps(virDomainObj *vm, ...)
 {
     ...
+    if (virDomainObjCheckActive(vm) < 0)
+        return -1;
+
     for (e1; e2; e3) S
     ...
 }

@ finish @
identifier vm, v3proto;
typedef virDomainObj;
@@
 qemuMigrationDstFinishFresh(..., virDomainObj *vm, ...)
 {
     <+...
     if (qemuMigrationDstWaitForCompletion(...) < 0) {
         if (
-            v3proto
+            v3proto || !virDomainObjIsActive(vm)
            )
             return -1;
     }
     ...+>
 }

@ monitor @
expression vm;
expression list how;
@@
 qemuMigrationDstFinishActive(...)
 {
     <+...
(
-    qemuDomainCheckMonitor(vm, how);
+    if (virDomainObjIsActive(vm))
+        qemuDomainCheckMonitor(vm, how);
|
-    qemuMigrationJobCheckStatus(vm, how);
+    if (virDomainObjIsActive(vm))
+        qemuMigrationJobCheckStatus(vm, how);
)
     ...+>
 }
