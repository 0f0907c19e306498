// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The names of phases are the driver's.
//
// files: src/conf/virdomainjob.h
// aims: _virDomainObjPrivateJobCallbacks

@@
typedef virDomainObjPrivateSaveStatus;
@@
 struct _virDomainObjPrivateJobCallbacks {
     ...
     virDomainObjPrivateSaveStatus saveStatusPrivate;
+   virDomainObjPrivateJobPhaseToString jobPhaseToString;
     ...
 };
