// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The state itself: a member of the job object next to the others which
// describe the async job.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainJobObj

@@
@@
 struct _virDomainJobObj {
     ...
+    bool asyncInterruptible;            /* The async job only waits, jobs from
+                                           @mask are free to run */
     int phase;
     ...
 };
