// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lists of active domains leave out the one that dies; it is no inactive one
// either.
//
// files: src/conf/virdomainobjlist.c
// sites: 4
// aims: virDomainObjListCount virDomainObjListCopyActiveIDs virDomainObjMatchFilter

@ helper @
typedef bool;
typedef virDomainObj;
identifier payload, name, opaque;
@@
+/* Does anybody wait for the process of the domain to die? */
+static bool
+virDomainObjIsDying(virDomainObj *obj)
+{
+    return obj->job->terminating > 0;
+}
+
+
+static bool
+virDomainObjMatchActive(virDomainObj *obj,
+                        unsigned int filter)
+{
+    return virDomainObjIsActive(obj) &&
+           (!virDomainObjIsDying(obj) ||
+            (filter & VIR_CONNECT_LIST_DOMAINS_INACTIVE));
+}
+
+
 static int virDomainObjListCount(void *payload, const char *name, void *opaque)
 { ... }

@ count @
identifier obj, data;
statement S;
@@
 if (virDomainObjIsActive(obj)) {
     if (
-        data->active
+        data->active && !virDomainObjIsDying(obj)
        )
         data->count++;
 } else S

@ ids @
identifier obj, data;
@@
-virDomainObjIsActive(obj) && data->numids < data->maxids
+virDomainObjIsActive(obj) && !virDomainObjIsDying(obj) && data->numids < data->maxids

@ filter @
identifier vm;
symbol filter;
@@
 MATCH(VIR_CONNECT_LIST_DOMAINS_ACTIVE) &&
-virDomainObjIsActive(vm)
+virDomainObjMatchActive(vm, filter)
