// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The owner of a file, for callers that open it without the definition.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainOpenFile

@@
typedef virQEMUDriverConfig, virDomainDef, virSecurityLabelDef, uid_t, gid_t;
identifier cfg;
symbol def, user, group, seclabel;
@@
 int qemuDomainOpenFile(virQEMUDriverConfig *cfg, const virDomainDef *def, ...)
 {
     ...
-    virSecurityLabelDef *seclabel;
-
+
-    if (def &&
-        (seclabel = virDomainDefGetSecurityLabelDef(def, "dac")) != NULL &&
-        seclabel->label != NULL &&
-        (virParseOwnershipIds(seclabel->label, &user, &group) < 0))
+    if (qemuDomainGetFileOwner(def, &user, &group) < 0)
         return -EINVAL;
     ...
 }
+
+/**
+ * qemuDomainGetFileOwner:
+ * @def: domain definition, or NULL
+ * @user: owner of the files of a domain without a DAC label; replaced by that
+ *        of the label if there is one
+ * @group: its group, likewise
+ *
+ * Returns 0 on success,
+ *         -1 if the label cannot be parsed (with an error reported).
+ */
+int
+qemuDomainGetFileOwner(const virDomainDef *def,
+                       uid_t *user,
+                       gid_t *group)
+{
+    virSecurityLabelDef *seclabel;
+
+    /* TODO: Take imagelabel into account? */
+    if (def &&
+        (seclabel = virDomainDefGetSecurityLabelDef(def, "dac")) &&
+        seclabel->label)
+        return virParseOwnershipIds(seclabel->label, user, group);
+
+    return 0;
+}
