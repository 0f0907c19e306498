// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a list waits for the domains in it, and that adding a domain waits for the one
// with the same UUID.
//
// files: src/conf/virdomainobjlist.c
// aims: virDomainObjListAdd virDomainObjListAddLocked virDomainObjListCollectAll

@ one @
typedef virDomainObjList, virDomainDef, virDomainXMLOption, virDomainObj;
identifier doms, def;
@@
+/* Waits until the domain with @uuid has been stopped, if it is being
+ * stopped. */
+static int
+virDomainObjListWaitForUUID(virDomainObjList *doms,
+                            const unsigned char *uuid)
+{
+    virDomainObj *vm;
+    int ret;
+
+    virObjectRWLockRead(doms);
+    vm = virDomainObjListFindByUUIDLocked(doms, uuid);
+    virObjectRWUnlock(doms);
+
+    if (!vm)
+        return 0;
+
+    ret = virDomainObjWaitTermination(vm);
+    virDomainObjEndAPI(&vm);
+    return ret;
+}
+
+
 virDomainObj *virDomainObjListAdd(virDomainObjList *doms, virDomainDef **def, ...) { ... }

@ locked @
typedef virDomainObjList, virDomainDef, bool;
identifier doms, def, oldDef, vm;
symbol busy, true;
@@
 virDomainObjListAddLocked(virDomainObjList *doms, virDomainDef **def, ...,
-                          virDomainDef **oldDef
+                          virDomainDef **oldDef,
+                          bool *busy
                           )
 {
     ...
     if ((vm = virDomainObjListFindByUUIDLocked(doms, (*def)->uuid))) {
+        if (busy && virDomainObjIsTerminating(vm)) {
+            *busy = true;
+            goto error;
+        }
+
         if (vm->removing) { ... } else if (...) { ... }
         ...
     } else { ... }
     ...
 }

@ load @
expression doms, def, xmlopt, oldDef;
symbol NULL;
@@
 virDomainObjListAddLocked(doms, &def, xmlopt, 0,
-                          &oldDef
+                          &oldDef, NULL
                           )

@ add @
typedef virDomainObjList, virDomainDef, virDomainObj, bool;
identifier doms, def, ret, xmlopt, flags, oldDef;
symbol NULL, busy, false;
@@
 virDomainObjListAdd(virDomainObjList *doms, virDomainDef **def, ...)
 {
     virDomainObj *ret;
+    bool busy;

-    virObjectRWLockWrite(doms);
-    ret = virDomainObjListAddLocked(doms, def, xmlopt, flags, oldDef);
-    virObjectRWUnlock(doms);
+    do {
+        /* Once the list is unlocked, the domain may be stopped anew. */
+        busy = false;
+
+        if (virDomainObjListWaitForUUID(doms, (*def)->uuid) < 0)
+            return NULL;
+
+        virObjectRWLockWrite(doms);
+        ret = virDomainObjListAddLocked(doms, def, xmlopt, flags, oldDef, &busy);
+        virObjectRWUnlock(doms);
+    } while (busy);
+
     return ret;
 }

@ every @
typedef virDomainObjList, virDomainObj;
identifier domlist, vms, nvms;
@@
 void virDomainObjListCollectAll(virDomainObjList *domlist, virDomainObj ***vms, size_t *nvms) { ... }
+
+/**
+ * virDomainObjListWaitTermination:
+ * @domlist: domain object list
+ *
+ * Waits for the processes of those domains in @domlist to die which are being
+ * stopped, see virDomainObjWaitTerminationBriefly(). The waits overlap, so
+ * several domains usually take no longer than one.
+ */
+void
+virDomainObjListWaitTermination(virDomainObjList *domlist)
+{
+    virDomainObj **vms = NULL;
+    size_t nvms = 0;
+    size_t i;
+
+    virDomainObjListCollectAll(domlist, &vms, &nvms);
+
+    for (i = 0; i < nvms; i++) {
+        virObjectLock(vms[i]);
+        virDomainObjWaitTerminationBriefly(vms[i]);
+        virDomainObjEndAPI(&vms[i]);
+    }
+
+    g_free(vms);
+}
