// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Queries may run while the guest agent freezes or thaws the file systems.
//
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotCreateActiveExternal

@ freeze @
typedef virDomainObj;
identifier vm, flags, frozen, cleanup;
@@
 qemuSnapshotCreateActiveExternal(..., virDomainObj *vm, ..., unsigned int flags)
 {
     ...
     if (flags & VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE) {
         ...
+        /* QEMU answers while the agent is busy. An abort could not end the wait
+         * for the agent. */
+        qemuDomainObjSetAsyncJobMask(vm, JOB_MASK(VIR_JOB_QUERY));
+
         if (qemuSnapshotBeginAgentJob(...) < 0)
             goto cleanup;
         ... when any
         frozen = qemuSnapshotFSFreeze(...);
         virDomainObjEndAgentJob(vm);
+        qemuDomainObjSetAsyncJobMask(vm, VIR_JOB_NONE);
         ... when any
     }
     ... when any
 }

@ thaw @
identifier vm, thaw;
@@
 qemuSnapshotCreateActiveExternal(..., virDomainObj *vm, ...)
 {
     <+...
+    if (thaw)
+        qemuDomainObjSetAsyncJobMask(vm, JOB_MASK(VIR_JOB_QUERY));
+
     if (thaw && qemuSnapshotBeginAgentJob(...) >= 0 && ...) { ... }
     ...+>
 }
