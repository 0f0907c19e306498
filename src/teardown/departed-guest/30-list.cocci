// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lists and lookups.
//
// files: src/conf/virdomainobjlist.c
// aims: virDomainObjListSearchID virDomainObjListFindByName virDomainObjListCount virDomainObjListCopyActiveIDs virDomainObjListCopyInactiveNames virDomainObjMatchFilter virDomainObjListFilter virDomainObjListExport

@ active @
identifier f = { virDomainObjListSearchID, virDomainObjListCount, virDomainObjListCopyActiveIDs, virDomainObjListCopyInactiveNames, virDomainObjMatchFilter };
expression obj;
@@
 f(...)
 {
     <+...
-    virDomainObjIsActive(obj)
+    virDomainObjIsShownActive(obj)
     ...+>
 }

@ hidden @
identifier g = { virDomainObjListCount, virDomainObjListCopyInactiveNames };
identifier obj;
symbol cleanup;
@@
 g(...)
 {
     ... when any
     virObjectLock(obj);
+    if (virDomainObjIsHidden(obj))
+        goto cleanup;
+
     ... when any
 }

@ state @
typedef virDomainObj;
identifier vm;
symbol NULL;
@@
 virDomainObjMatchFilter(virDomainObj *vm, ...)
 {
     <+...
-    virDomainObjGetState(vm, NULL)
+    virDomainObjGetShownState(vm, NULL)
     ...+>
 }

@ find @
expression obj;
@@
 virDomainObjListFindByName(...)
 {
     <+...
-    obj && obj->removing
+    obj && (obj->removing || virDomainObjIsHidden(obj))
     ...+>
 }

@ filtered @
expression vm;
@@
 virDomainObjListFilter(...)
 {
     <+...
-    vm->removing
+    vm->removing || virDomainObjIsHidden(vm)
     ...+>
 }

@ id @
expression conn, vm;
@@
 virGetDomain(conn, vm->def->name, vm->def->uuid,
-             vm->def->id
+             virDomainObjGetShownID(vm)
             )
