// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Until when no thread gives up waiting.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainJobObj

@@
@@
 struct _virDomainJobObj {
     ...
+    unsigned long long asyncProgram;    /* Until when no thread gives up waiting for
+                                           a job, on the monotonic clock in ms:
+                                           ULLONG_MAX while the owner runs a
+                                           program, and for a while after that */
     int phase;
     ...
 };
