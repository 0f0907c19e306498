// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a list waits for the domains in it, and that adding a domain waits for the one
// with the same UUID.
//
// files: src/conf/virdomainobjlist.c
// aims: virDomainObjListAdd virDomainObjListCollectAll

@ one @
typedef virDomainObjList, virDomainDef, virDomainXMLOption, virDomainObj;
identifier doms, def;
@@
+/* Waits until the domain with @uuid has been stopped if that is being done. */
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

@ add @
typedef virDomainObjList, virDomainDef;
identifier doms, def;
symbol NULL;
@@
 virDomainObjListAdd(virDomainObjList *doms, virDomainDef **def, ...)
 {
     ...
+    if (virDomainObjListWaitForUUID(doms, (*def)->uuid) < 0)
+        return NULL;
+
     virObjectRWLockWrite(doms);
     ...
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
+ * stopped, see virDomainObjWaitTerminationBriefly(). No matter how many there
+ * are, it does not take longer than for one.
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
