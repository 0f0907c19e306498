// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Until when nobody gives up.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainJobObj

@@
@@
 struct _virDomainJobObj {
     ...
+    unsigned long long asyncProgram;    /* Until when nobody gives up waiting for
+                                           the owner, who runs a program, on the
+                                           monotonic clock in ms; ULLONG_MAX while
+                                           it runs */
     int phase;
     ...
 };
