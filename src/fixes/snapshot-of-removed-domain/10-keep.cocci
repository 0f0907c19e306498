// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A thread which uses a snapshot goes on using it. (The function that removes the file is
// a text edit: Coccinelle does not take G_GNUC_UNUSED.)
//
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotDiscardAllMetadata

@@
typedef virDomainObj, virQEMUDriver, virQEMUMomentRemove;
identifier driver, vm, rem;
initializer list values;
@@
 int qemuSnapshotDiscardAllMetadata(virQEMUDriver *driver, virDomainObj *vm)
 {
     virQEMUMomentRemove rem = { values };
+
+    /* The thread which takes or deletes a snapshot uses the objects until it
+     * notices what has become of the domain. They are freed along with it. */
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_SNAPSHOT &&
+        vm->job->asyncOwner != 0 &&
+        vm->job->asyncOwner != virThreadSelfID()) {
+        rem.momentDiscard = qemuSnapshotUnlinkMetadata;
+        virDomainSnapshotForEach(vm->snapshots, qemuDomainMomentDiscardAll, &rem);
+        return rem.err;
+    }
     ...
 }
