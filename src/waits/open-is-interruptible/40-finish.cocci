// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A saved image is opened once more, and its header completed.
//
// files: src/qemu/qemu_saveimage.c
// aims: virQEMUSaveDataFinish

@@
typedef uid_t, gid_t;
identifier ret, vm, cfg, data, path, fd;
statement S;
@@
 qemuSaveImageCreate(...)
 {
     ...
     int ret = -1;
+    uid_t user = cfg->user;
+    gid_t group = cfg->group;
+    int rc;
     ... when any
-    if ((fd = qemuDomainOpenFile(cfg, vm->def, path, O_WRONLY, NULL)) < 0 ||
-        virQEMUSaveDataFinish(data, &fd, path) < 0)
+    if (qemuDomainGetFileOwner(vm->def, &user, &group) < 0 ||
+        (fd = qemuDomainObjOpenFile(vm, user, group, path, O_WRONLY, NULL)) < 0)
+        goto cleanup;
+
+    qemuDomainObjEnterInterruptible(vm);
+    virObjectUnlock(vm);
+
+    rc = virQEMUSaveDataFinish(data, &fd, path);
+
+    virObjectLock(vm);
+    if (qemuDomainObjExitInterruptible(vm) < 0 || rc < 0)
     S
     ... when any
 }
