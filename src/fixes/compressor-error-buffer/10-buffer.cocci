// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The buffer for what the compressor says is the waiting function's.
//
// files: src/qemu/qemu_migration.c
// aims: qemuMigrationSrcToLegacyFile qemuMigrationSrcToFile

@@
typedef virQEMUDriver, virDomainObj, virCommand;
identifier driver, vm, fd, compressor, errbuf;
@@
 qemuMigrationSrcToLegacyFile(virQEMUDriver *driver,
                              virDomainObj *vm,
                              int fd,
-                             virCommand *compressor)
+                             virCommand *compressor,
+                             char **errbuf)
 {
     <+...
(
-    char *errbuf = NULL;
|
-    virCommandSetErrorBuffer(compressor, &errbuf);
+    virCommandSetErrorBuffer(compressor, errbuf);
|
-    if (errbuf) {
-        VIR_DEBUG("Compression binary stderr: %s", NULLSTR(errbuf));
-        VIR_FREE(errbuf);
-    }
)
     ...+>
 }

@@
typedef virErrorPtr;
identifier orig_err, driver, vm, fd, compressor;
expression rc;
@@
 qemuMigrationSrcToFile(...)
 {
     <+...
(
     virErrorPtr orig_err = NULL;
+    char *errbuf = NULL;
|
     rc = qemuMigrationSrcToLegacyFile(driver, vm, *fd, compressor
+                                      , &errbuf
                                       );
|
+    if (errbuf) {
+        VIR_DEBUG("Compression binary stderr: %s", NULLSTR(errbuf));
+        VIR_FREE(errbuf);
+    }
+
     virErrorRestore(&orig_err);
)
     ...+>
 }
