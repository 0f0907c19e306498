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
+    unsigned long long asyncScript;     /* Until when nobody gives up waiting for
+                                           the owner, who runs a script, on the
+                                           monotonic clock in ms */
     int phase;
     ...
 };
