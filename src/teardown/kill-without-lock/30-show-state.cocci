// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The calls that tell the state of a domain.
//
// files: src/qemu/qemu_driver.c
// sites: 3
// aims: qemuDomainGetInfo qemuDomainGetState qemuDomainGetStatsState

@ info @
identifier info, vm;
@@
 qemuDomainGetInfo(...)
 {
     ... when any
-    info->state = virDomainObjGetState(vm, NULL);
+    info->state = qemuDomainObjGetShownState(vm, NULL);
     ... when any
 }

@ state @
identifier s, vm, r;
@@
 qemuDomainGetState(..., int *s, ...)
 {
     ... when any
-    *s = virDomainObjGetState(vm, r);
+    *s = qemuDomainObjGetShownState(vm, r);
     ... when any
 }

@ stats @
typedef virDomainObj;
identifier dom, params;
@@
 qemuDomainGetStatsState(..., virDomainObj *dom, ...)
 {
+    int reason;
+    int state = qemuDomainObjGetShownState(dom, &reason);
+
-    if (virTypedParamListAddInt(params, dom->state.state, "state.state") < 0)
+    if (virTypedParamListAddInt(params, state, "state.state") < 0)
         return -1;
-    if (virTypedParamListAddInt(params, dom->state.reason, "state.reason") < 0)
+    if (virTypedParamListAddInt(params, reason, "state.reason") < 0)
         return -1;
     ...
 }
