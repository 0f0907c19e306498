// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How long to wait for a job becomes a parameter, in place of whether to wait.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginJobInternal virDomainObjBeginJobNowait

@ time @
@@
 virDomainObjBeginJobInternal(...)
 {
     <+...
-    VIR_JOB_WAIT_TIME
+    wait
     ...+>
 }

@ definition @
identifier nowait;
@@
 virDomainObjBeginJobInternal(...,
-                             bool nowait
+                             unsigned long long wait
                              )
 { ... }

@ reported @
identifier definition.nowait;
@@
-    !nowait
+    wait == VIR_JOB_WAIT_TIME

@ at_once @
identifier definition.nowait, cleanup;
@@
-    if (nowait)
+    if (wait == 0)
         goto cleanup;

@ waits @
expression list[5] args;
symbol false;
@@
 virDomainObjBeginJobInternal(args,
-                             false
+                             VIR_JOB_WAIT_TIME
                              )

@ does_not @
expression list[5] args;
symbol true;
@@
 virDomainObjBeginJobInternal(args,
-                             true
+                             0
                              )

@ briefly @
typedef virDomainObj, virDomainJob;
identifier obj, job;
@@
 int virDomainObjBeginJobNowait(virDomainObj *obj, virDomainJob job) { ... }
+
+/**
+ * virDomainObjBeginJobTimeout:
+ *
+ * @obj: domain object
+ * @job: virDomainJob to start
+ * @timeout: for how long to wait, in milliseconds
+ *
+ * Acquires job for a domain object which must be locked before
+ * calling. If there's already a job running it waits for @timeout
+ * at most and returns without any error reported.
+ *
+ * Returns: see virDomainObjBeginJobInternal
+ */
+int
+virDomainObjBeginJobTimeout(virDomainObj *obj,
+                            virDomainJob job,
+                            unsigned int timeout)
+{
+    return virDomainObjBeginJobInternal(obj, obj->job, job,
+                                        VIR_AGENT_JOB_NONE,
+                                        VIR_ASYNC_JOB_NONE,
+                                        MIN(timeout, VIR_JOB_WAIT_TIME - 1));
+}
