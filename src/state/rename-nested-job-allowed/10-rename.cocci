// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The name says what the function asks. Debian's libvirt 11.3.0 has a caller in the driver,
// which upstream's has not.
//
// files: src/conf/virdomainjob.c src/qemu/qemu_driver.c
// aims: virDomainNestedJobAllowed virDomainObjBeginJobInternal

@ definition @
typedef bool;
typedef virDomainJob, virDomainJobObj;
identifier job, newJob;
@@
+/**
+ * virDomainAsyncJobAllows:
+ * @jobs: domain job object of a locked domain
+ * @newJob: type of the job which wants to start
+ *
+ * Checks whether the active async job lets a job of type @newJob start, that
+ * is, whether the async job is interruptible and @newJob is in its mask. If
+ * there is no async job, any type of job is allowed. An agent job, which comes
+ * with VIR_JOB_NONE, does not concern the async job.
+ *
+ * Returns true if the job may start as far as the async job is concerned, false
+ *         if it has to wait.
+ */
 bool
-virDomainNestedJobAllowed
+virDomainAsyncJobAllows
 (virDomainJobObj *job, virDomainJob newJob)
 { ... }

@ calls @
@@
-virDomainNestedJobAllowed
+virDomainAsyncJobAllows
 (...)
