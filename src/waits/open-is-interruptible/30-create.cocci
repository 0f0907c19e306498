// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The image is created, or opened once more for direct I/O, in some releases by a function
// of its own. A rule for each way to write it: the arguments stand below the first one.
//
// files: src/qemu/qemu_driver.c src/qemu/qemu_saveimage.c src/qemu/qemu_migration.c
// aims: virQEMUFileOpenAs
// may-miss: direct

@ condition @
symbol vm, cfg, false, fd;
identifier path;
expression flags, unlink;
statement S;
@@
-    if ((fd = virQEMUFileOpenAs(cfg->user, cfg->group, false, path, flags, unlink)) < 0)
+    if ((fd = qemuDomainObjOpenFile(vm, cfg->user, cfg->group, path,
+                                    flags,
+                                    unlink)) < 0)
         S

@ assignment @
symbol vm, cfg, false, fd;
identifier path;
expression flags, unlink;
@@
-    fd = virQEMUFileOpenAs(cfg->user, cfg->group, false, path, flags, unlink);
+    fd = qemuDomainObjOpenFile(vm, cfg->user, cfg->group, path,
+                               flags,
+                               unlink);

@ direct @
symbol vm, cfg, false, directFd;
identifier path;
expression flags, unlink;
@@
-        directFd = virQEMUFileOpenAs(cfg->user, cfg->group, false, path, flags, unlink);
+        directFd = qemuDomainObjOpenFile(vm, cfg->user, cfg->group, path,
+                                         flags,
+                                         unlink);
