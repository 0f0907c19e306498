// SPDX-License-Identifier: LGPL-2.1-or-later
//
// files: src/conf/domain_conf.c
// aims: virDomainObjIsFailedPostcopy

@@
typedef virDomainObj, virDomainJobObj;
identifier dom, job;
symbol false;
expression e;
statement S;
@@
 virDomainObjIsFailedPostcopy(virDomainObj *dom, virDomainJobObj *job)
 {
+    if (!virDomainObjIsActive(dom))
+        return false;
+
     if (e) S
     ...
 }
