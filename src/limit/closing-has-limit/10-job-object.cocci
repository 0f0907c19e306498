// SPDX-License-Identifier: LGPL-2.1-or-later
//
// That a job was given up, and how a driver gets to know.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainJobObj _virDomainObjPrivateJobCallbacks

@ state @
typedef bool;
@@
 struct _virDomainJobObj {
     ...
+    bool givenUp;                       /* An async job waited too long for the
+                                           current job, which is to end */
     unsigned long long started;
     ...
 };

@ callback @
typedef virDomainObjPrivateSaveStatus;
@@
 struct _virDomainObjPrivateJobCallbacks {
     ...
     virDomainObjPrivateSaveStatus saveStatusPrivate;
+   virDomainObjPrivateJobGiveUp giveUpJob;
 };
