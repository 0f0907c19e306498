// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The job of a failed post-copy migration is kept for its recovery, but not
// beyond the domain's end, as no other thread would discard it.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcPerformResume

@@
typedef virDomainObj;
identifier vm, ret;
expression list resume, close;
@@
 qemuMigrationSrcPerformResume(..., virDomainObj *vm, ...)
 {
     ... when any
     ret = qemuMigrationSrcPerformNative(resume);
+
+    if (!virDomainObjIsActive(vm)) {
+        /* The thread which stopped the domain left the job to us. */
+        qemuMigrationJobFinish(vm);
+        return ret;
+    }
     virCloseCallbacksDomainAdd(close);
     ... when any
 }
