// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When there is nobody who could answer.
//
// files: src/conf/virdomainjob.c
// aims: virDomainTrackJob

@@
typedef bool;
typedef virDomainJobObj, virDomainJob;
identifier job;
@@
 bool virDomainTrackJob(virDomainJob job)
 { ... }
+
+
+static bool
+virDomainAsyncJobIsStranded(virDomainJobObj *job)
+{
+    bool incoming = job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN;
+
+    /* A part of the guest's memory is on another host, and nobody fetches it. */
+    return incoming && job->asyncPaused;
+}
