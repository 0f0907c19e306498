// SPDX-License-Identifier: LGPL-2.1-or-later
//
// In newer releases QEMU is started by a function of its own.
//
// one-of: mask
// files: src/qemu/qemu_snapshot.c
// aims: qemuSnapshotDeleteExternalPrepare

@@
expression vm;
expression list args;
identifier stop;
symbol true;
@@
 qemuSnapshotDeleteExternalPrepare(...)
 {
     <+...
     if (!virDomainObjIsActive(vm)) {
+        /* There is nothing to ask the domain for until it is set up. */
+        qemuDomainObjSetAsyncJobMask(vm, VIR_JOB_NONE);
         if (qemuProcessStart(args) < 0) {
             ...
         }
+        qemuDomainObjSetAsyncJobMask(vm, VIR_JOB_DEFAULT_MASK);
         *stop = true;
         ...
     } else { ... }
     ...+>
 }
