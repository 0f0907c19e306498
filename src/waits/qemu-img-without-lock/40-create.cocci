// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A snapshot is created by the definition in it.
//
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotCreateInactiveInternal

@@
typedef virDomainObj, virDomainMomentObj, virDomainDef, virDomainSnapshotDef;
identifier vm, snap;
identifier each = {qemuDomainSnapshotForEachQcow2, qemuSnapshotForEachQcow2};
symbol def;
@@
 qemuSnapshotCreateInactiveInternal(..., virDomainObj *vm, virDomainMomentObj *snap)
 {
+    virDomainSnapshotDef *snapdef = virDomainSnapshotObjGetDef(snap);
+    virDomainDef *def = snap->def->dom;
+    size_t i;
+
+    for (i = 0; i < def->ndisks; i++) {
+        if (snapdef->disks[i].snapshot == VIR_DOMAIN_SNAPSHOT_LOCATION_INTERNAL &&
+            virDomainDiskTranslateSourcePool(def->disks[i]) < 0)
+            return -1;
+    }
+
     return each(...,
-                vm->def
+                def
                 , snap, ...);
 }
