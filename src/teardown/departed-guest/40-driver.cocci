// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The calls that tell the state of a domain, whether it is active, or its ID.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetInfo qemuDomainGetState qemuDomainGetStatsState qemuDomainIsActive qemuDomainLookupByUUID qemuDomainLookupByName

@ info @
identifier info, vm;
symbol NULL;
@@
 qemuDomainGetInfo(...)
 {
     ... when any
-    info->state = virDomainObjGetState(vm, NULL);
+    info->state = virDomainObjGetShownState(vm, NULL);
     ... when any
 }

@ state @
identifier s, vm, r;
@@
 qemuDomainGetState(..., int *s, ...)
 {
     ... when any
-    *s = virDomainObjGetState(vm, r);
+    *s = virDomainObjGetShownState(vm, r);
     ... when any
 }

@ stats @
typedef virDomainObj;
identifier dom;
@@
 qemuDomainGetStatsState(..., virDomainObj *dom, ...)
 {
+    int reason;
+    int state = virDomainObjGetShownState(dom, &reason);
+
     <+...
(
-    dom->state.state
+    state
|
-    dom->state.reason
+    reason
)
     ...+>
 }

@ active @
identifier obj, ret;
@@
 qemuDomainIsActive(...)
 {
     ... when any
-    ret = virDomainObjIsActive(obj);
+    ret = virDomainObjIsShownActive(obj);
     ... when any
 }

@ uuid @
identifier vm;
@@
 qemuDomainLookupByUUID(...)
 {
     ... when any
     vm = virDomainObjListFindByUUID(...);
+    if (vm && virDomainObjIsHidden(vm))
+        virDomainObjEndAPI(&vm);
     ... when any
 }

@ id @
identifier f = { qemuDomainLookupByUUID, qemuDomainLookupByName };
expression conn, vm;
@@
 f(...)
 {
     <+...
     virGetDomain(conn, vm->def->name, vm->def->uuid,
-                 vm->def->id
+                 virDomainObjGetShownID(vm)
                 )
     ...+>
 }
