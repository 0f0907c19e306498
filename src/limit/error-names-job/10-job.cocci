// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The error names the holder of the job, and the kind and the age of the job.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginJobInternal

@ holder @
typedef virDomainObj;
identifier obj, jobObj, job;
symbol blocker, duration, asyncDuration, NULL;
@@
 virDomainObjBeginJobInternal(virDomainObj *obj, virDomainJobObj *jobObj, ...)
 {
     <...
-    if (virDomainAsyncJobAllows(jobObj, job))
-        blocker = jobObj->ownerAPI;
-    else
-        blocker = jobObj->asyncOwnerAPI;
+    if (virDomainAsyncJobAllows(jobObj, job)) {
+            blocker = virDomainObjFormatJobHolder(jobObj->ownerAPI, "job",
+                                                  virDomainJobTypeToString(jobObj->active),
+                                                  NULL, duration);
+    } else {
+            blocker = virDomainObjFormatJobHolder(jobObj->asyncOwnerAPI, "async",
+                                                  virDomainAsyncJobTypeToString(jobObj->asyncJob),
+                                                  virDomainObjAsyncJobPhase(jobObj),
+                                                  asyncDuration);
+    }
     ...>
 }

@ agent @
typedef virDomainObj;
identifier obj, jobObj, agentJob;
symbol agentBlocker, agentDuration;
@@
 virDomainObjBeginJobInternal(virDomainObj *obj, virDomainJobObj *jobObj, ...)
 {
     <...
-    if (agentJob)
-        agentBlocker = jobObj->agentOwnerAPI;
+    if (agentJob) {
+        agentBlocker = virDomainObjFormatJobHolder(jobObj->agentOwnerAPI, "job",
+                                                   virDomainAgentJobTypeToString(jobObj->agentActive),
+                                                   NULL, agentDuration);
+    }
     ...>
 }
