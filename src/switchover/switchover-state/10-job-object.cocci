// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Until when newcomers are kept out.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainJobObj

@@
@@
 struct _virDomainJobObj {
     ...
+    unsigned long long asyncSwitchover; /* Until when newcomers wait for the
+                                           switchover, on the monotonic clock
+                                           in ms, 0 if there is none */
     int phase;
     ...
 };
