// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A thread which waits until a domain has been stopped waits, too, for a program which
// the owner of the async job runs on the images of a domain that is off.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjIsTerminating virDomainObjEndProgram

@ wait @
typedef virDomainObj, bool;
symbol obj, ULLONG_MAX;
expression dying;
@@
 bool virDomainObjIsTerminating(virDomainObj *obj)
 {
-    return dying;
+    return dying ||
+           (obj->job->asyncProgram == ULLONG_MAX && !virDomainObjIsActive(obj));
 }

@ wake @
typedef virDomainObj, virDomainJobObj;
identifier obj, job;
expression then;
@@
 virDomainObjEndProgram(virDomainObj *obj)
 {
     ...
     job->asyncProgram = then;
+    virCondBroadcast(&job->cond);
 }
