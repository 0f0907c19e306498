// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How many threads wait for the process of the domain to die.
//
// files: src/conf/virdomainjob.h
// sites: 1
// aims: _virDomainJobObj

@@
@@
 struct _virDomainJobObj {
     ...
     unsigned int maxQueuedJobs;
+    unsigned int terminating;   /* Threads which wait for the process of the
+                                   domain to die, no query can start */
     ...
 };
