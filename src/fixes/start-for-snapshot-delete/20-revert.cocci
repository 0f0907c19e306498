// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Older releases revert within the job that starts a domain, which is masked already.
//
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotRevert qemuSnapshotRevertActive

#@ if >= 9.9.0
@@
expression vm, flags;
@@
 qemuSnapshotRevert(...)
 {
     <+...
     if (virDomainObjBeginAsyncJob(vm, VIR_ASYNC_JOB_SNAPSHOT,
                                   VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT,
                                   flags) < 0) {
         return -1;
     }
+
+    /* There is nothing to ask the domain for until it is set up. */
+    qemuDomainObjSetAsyncJobMask(vm, JOB_MASK(VIR_JOB_ABORT));
     ...+>
 }

@@
typedef virDomainObj;
identifier vm;
expression list args;
@@
 qemuSnapshotRevertActive(virDomainObj *vm, ...)
 {
     <+...
     if (qemuProcessStartWithMemoryState(args) < 0) {
         ...
     }
+
+    qemuDomainObjSetAsyncJobMask(vm, VIR_JOB_DEFAULT_MASK);
     ...+>
 }
#@ end
