// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How to say that a program runs.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjExitInterruptible

@@
typedef virDomainObj, virDomainJobObj;
identifier obj;
@@
 int virDomainObjExitInterruptible(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainObjBeginProgram:
+ * @obj: locked and referenced domain object
+ *
+ * To be called by the owner of the async job, which is not interruptible, before it
+ * runs a program with @obj unlocked. There is no limit on the time that takes.
+ * Threads which wait for a job do not give up meanwhile, as they would not if
+ * @obj was locked. They have another VIR_JOB_WAIT_TIME after
+ * virDomainObjEndProgram(), even if the async job ends.
+ */
+void
+virDomainObjBeginProgram(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    if (!job->asyncJob || job->asyncOwner != virThreadSelfID())
+        return;
+
+    job->asyncProgram = ULLONG_MAX;
+}
+
+
+/**
+ * virDomainObjEndProgram:
+ * @obj: locked and referenced domain object
+ *
+ * Counterpart of virDomainObjBeginProgram().
+ */
+void
+virDomainObjEndProgram(virDomainObj *obj)
+{
+    virDomainJobObj *job = obj->job;
+
+    if (!job->asyncJob || job->asyncOwner != virThreadSelfID())
+        return;
+
+    job->asyncProgram = virTimeMonotonicMillis() + VIR_JOB_WAIT_TIME;
+}
