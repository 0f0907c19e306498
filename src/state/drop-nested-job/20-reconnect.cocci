// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A status file may name the type which is gone: it means no job besides the
// async one.
//
// files: src/qemu/qemu_domainjob.c
// aims: qemuDomainObjPrivateXMLParseJob

@@
expression tmp;
identifier type;
@@
 qemuDomainObjPrivateXMLParseJob(...)
 {
     <+...
     int type;

-    if ((type = virDomainJobTypeFromString(tmp)) < 0)
+    type = virDomainJobTypeFromString(tmp);
+
+    /* Older daemons knew jobs nested in an async job. */
+    if (type < 0 && STREQ(tmp, "async nested"))
+        type = VIR_JOB_NONE;
+
+    if (type < 0)
     {
         ...
     }
     ...+>
 }
