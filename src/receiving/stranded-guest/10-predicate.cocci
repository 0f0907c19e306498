// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When QEMU may be unable to answer.
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
+    /* A part of the guest's memory is on another host and is not being fetched. */
+    return incoming && job->asyncPaused;
+}
