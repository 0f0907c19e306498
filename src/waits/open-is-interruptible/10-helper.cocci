// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The helper next to the one which opens a file with the domain locked.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainOpenFile

@@
typedef virQEMUDriverConfig, virDomainDef, virDomainObj, uid_t, gid_t, virSecurityLabelDef;
identifier cfg;
symbol def;
@@
 int qemuDomainOpenFile(virQEMUDriverConfig *cfg, const virDomainDef *def, ...) { ... }
+
+/**
+ * qemuDomainObjOpenFile:
+ * @vm: locked and referenced domain object, the current thread owns a job
+ * @user: owner of the file where root may not open it
+ * @group: its group
+ * @path: path to file to open
+ * @oflags: flags for opening/creation of the file
+ * @needUnlink: set to true if file was created by this function
+ *
+ * Opens a file with @vm unlocked, as that may take long: the file may be on a
+ * network file system, or a pipe. If the current thread owns the async job,
+ * the job is interruptible meanwhile.
+ *
+ * Returns the file descriptor on success,
+ *         -1 if the file cannot be opened, if the async job was aborted, or if
+ *            the domain is not running any more or it is being destroyed (with
+ *            an error reported).
+ */
+int
+qemuDomainObjOpenFile(virDomainObj *vm,
+                      uid_t user,
+                      gid_t group,
+                      const char *path,
+                      int oflags,
+                      bool *needUnlink)
+{
+    VIR_AUTOCLOSE fd = -1;
+    int ret;
+
+    qemuDomainObjEnterInterruptible(vm);
+    virObjectUnlock(vm);
+
+    fd = virQEMUFileOpenAs(user, group, false, path, oflags, needUnlink);
+
+    virObjectLock(vm);
+    if (qemuDomainObjExitInterruptible(vm) < 0 ||
+        fd < 0 ||
+        qemuDomainObjCheckAborted(vm) < 0)
+        return -1;
+
+    ret = fd;
+    fd = -1;
+    return ret;
+}
