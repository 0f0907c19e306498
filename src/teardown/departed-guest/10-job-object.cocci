// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether the guest has left the process that is dying.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainJobObj

@@
@@
 struct _virDomainJobObj {
     ...
+    int gone;                   /* virDomainShutoffReason to be shown already as
+                                   the guest is not here, 0 if it is */
+    bool goneForGood;           /* There will not be an inactive domain */
     unsigned int terminating;
     ...
 };
