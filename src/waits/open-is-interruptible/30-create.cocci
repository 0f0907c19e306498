// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The image is created, or opened once more for direct I/O.
//
// files: src/qemu/qemu_driver.c src/qemu/qemu_saveimage.c src/qemu/qemu_migration.c
// aims: virQEMUFileOpenAs

@@
symbol vm, cfg, false;
@@
-virQEMUFileOpenAs(cfg->user
+qemuDomainObjOpenFile(vm, cfg->user
                   , cfg->group,
-                  false,
                   ...)
