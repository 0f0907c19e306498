// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The connection is made before the monitor is entered, in a window.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcConnect qemuMigrationSrcStart qemuMigrationSrcRun qemuMigrationSrcResume

@ connect exists @
typedef virQEMUDriver, virDomainObj, qemuMigrationSpec;
identifier driver, vm, spec, ret, cleanup, fd_qemu;
@@
 qemuMigrationSrcConnect(virQEMUDriver *driver, virDomainObj *vm, qemuMigrationSpec *spec)
 {
     ...
+    int rc;
     int ret = -1;
     ... when any
+    if (spec->destType != MIGRATION_DEST_CONNECT_HOST &&
+        spec->destType != MIGRATION_DEST_CONNECT_SOCKET)
+        return 0;
+
     if (qemuSecuritySetSocketLabel(...) < 0)
         goto cleanup;
+
+    qemuDomainObjEnterInterruptible(vm);
+    virObjectUnlock(vm);
     ... when any
+    virObjectLock(vm);
+    rc = qemuDomainObjExitInterruptible(vm);
+
     spec->destType = MIGRATION_DEST_FD;
     spec->dest.fd.qemu = fd_qemu;
     if (qemuSecurityClearSocketLabel(driver->securityManager, vm->def) < 0 ||
-        spec->dest.fd.qemu == -1)
+        spec->dest.fd.qemu == -1 || rc < 0)
         goto cleanup;
     ... when any
 }

@ start @
identifier driver, vm, spec;
@@
 qemuMigrationSrcStart(...)
 {
     ...
-    if ((spec->destType == MIGRATION_DEST_CONNECT_HOST ||
-         spec->destType == MIGRATION_DEST_CONNECT_SOCKET) &&
-        qemuMigrationSrcConnect(driver, vm, spec) < 0) {
-        return -1;
-    }
     ... when any
 }

@ run exists @
typedef virQEMUDriver, virDomainObj, qemuMigrationSpec;
identifier driver, vm, spec, error, orig_err;
@@
 qemuMigrationSrcRun(virQEMUDriver *driver, virDomainObj *vm, ..., qemuMigrationSpec *spec, ...)
 {
     ... when any
+    if (qemuMigrationSrcConnect(driver, vm, spec) < 0)
+        goto error;
+
     qemuDomainObjEnterMonitor(vm);
     if (vm->job->abortJob) { ... }
     ... when any
 error:
     virErrorPreserveLast(&orig_err);
+
+    if (spec->destType == MIGRATION_DEST_FD)
+        VIR_FORCE_CLOSE(spec->dest.fd.qemu);
     ... when any
 }

@ resume @
typedef virQEMUDriver, virDomainObj, qemuMigrationSpec;
identifier driver, vm, spec;
expression E;
@@
 qemuMigrationSrcResume(virDomainObj *vm, ..., qemuMigrationSpec *spec, ...)
 {
     ...
     virQEMUDriver *driver = E;
     ... when any
+    if (qemuMigrationSrcConnect(driver, vm, spec) < 0)
+        return -1;
+
     qemuDomainObjEnterMonitor(vm);
     ... when any
 }
