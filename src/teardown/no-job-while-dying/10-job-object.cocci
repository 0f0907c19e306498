// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How many threads wait for the process of the domain to die, and for how long
// others wait for them.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainJobObj

@@
@@
 struct _virDomainJobObj {
     ...
     unsigned int maxQueuedJobs;
+    unsigned int terminating;   /* Threads which wait for the process of the
+                                   domain to die, no job can start */
+    unsigned long long terminatingUntil; /* Until when queries wait for them,
+                                            on the monotonic clock */
     ...
 };
