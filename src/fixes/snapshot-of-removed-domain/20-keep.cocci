// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread which begins a backup goes on using its checkpoint. (The function that removes
// the file is a text edit: Coccinelle does not take G_GNUC_UNUSED.)
//
// files: src/qemu/qemu_checkpoint.c
// aims: qemuCheckpointDiscardAllMetadata

@@
typedef virDomainObj, virQEMUDriver, virQEMUMomentRemove;
identifier driver, vm, rem;
initializer list values;
@@
 int qemuCheckpointDiscardAllMetadata(virQEMUDriver *driver, virDomainObj *vm)
 {
     virQEMUMomentRemove rem = { values };
+
+    /* The thread which begins a backup uses its checkpoint until it
+     * notices what has become of the domain. They are freed along with it. */
+    if (vm->job->asyncJob == VIR_ASYNC_JOB_BACKUP &&
+        vm->job->asyncOwner != 0 &&
+        vm->job->asyncOwner != virThreadSelfID()) {
+        rem.momentDiscard = qemuCheckpointUnlinkMetadata;
+        virDomainCheckpointForEach(vm->checkpoints, qemuDomainMomentDiscardAll, &rem);
+        return rem.err;
+    }
     ...
 }
