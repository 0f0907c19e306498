// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The time for waiting is limited where it is set.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginJobInternal

@@
typedef virDomainObj, virDomainJobObj, virDomainJob;
identifier obj, jobObj, job, then;
@@
 virDomainObjBeginJobInternal(virDomainObj *obj, virDomainJobObj *jobObj, virDomainJob job, ...)
 {
     <...
     then = virTimeMonotonicMillis() + VIR_JOB_WAIT_TIME;
+    virDomainObjLimitWait(jobObj, job, &then);
     ...>
 }
