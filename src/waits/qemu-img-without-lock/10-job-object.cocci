// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a thread says that it waits for a program which works on the images of a domain
// that is off.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginTermination virDomainObjWaitForProcess virDomainObjWaitTerminationBriefly

@ begin @
typedef virDomainObj;
symbol obj, ULLONG_MAX;
@@
 void virDomainObjBeginTermination(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainObjBeginImageAccess:
+ * @obj: locked and referenced domain object which is not active, the current
+ *       thread owns the async job
+ *
+ * As virDomainObjBeginTermination(), to be called before waiting, with @obj
+ * unlocked, for a program which works on the images of a domain that is off.
+ * VIR_JOB_QUERY waits as other jobs do, and lists of domains do not wait.
+ */
+void
+virDomainObjBeginImageAccess(virDomainObj *obj)
+{
+    virDomainObjBeginTermination(obj);
+    obj->job->terminatingUntil = ULLONG_MAX;
+}

@ query @
typedef virDomainObj, virDomainJobObj, virDomainJob;
identifier job, newJob;
@@
 virDomainObjWaitForProcess(virDomainObj *obj, virDomainJobObj *job, virDomainJob newJob, ...)
 {
     ...
     if (
-        newJob == VIR_JOB_QUERY
+        newJob == VIR_JOB_QUERY && job->terminatingUntil != ULLONG_MAX
         ) { ... }
     ...
 }

@ list @
identifier job;
@@
 virDomainObjWaitTerminationBriefly(...)
 {
     ...
-    while (job->terminating > 0 &&
-           virTimeMonotonicMillis() < job->terminatingUntil)
+    while (job->terminating > 0 &&
+           job->terminatingUntil != ULLONG_MAX &&
+           virTimeMonotonicMillis() < job->terminatingUntil)
     { ... }
 }
