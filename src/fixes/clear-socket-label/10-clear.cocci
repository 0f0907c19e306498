// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The label is the thread's: clearing it needs no definition.
//
// files: src/security/security_selinux.c
// aims: virSecuritySELinuxClearSocketLabel

@@
typedef virDomainDef, virSecurityManager, virSecurityLabelDef;
identifier mgr, def, secdef;
expression text;
symbol errno;
@@
 virSecuritySELinuxClearSocketLabel(virSecurityManager *mgr,
                                    virDomainDef *def)
 {
-    virSecurityLabelDef *secdef;
-
-    secdef = virDomainDefGetSecurityLabelDef(def, SECURITY_SELINUX_NAME);
-    if (!secdef || !secdef->label)
-        return 0;
-
-    if (STRNEQ(SECURITY_SELINUX_NAME, secdef->model)) {
-        ...
-    }
-
     if (setsockcreatecon_raw(NULL) == -1) {
-        virReportSystemError(errno, text, secdef->label);
+        virReportSystemError(errno, "%s",
+                             _("unable to clear socket security context"));
         ...
     }
     return 0;
 }
