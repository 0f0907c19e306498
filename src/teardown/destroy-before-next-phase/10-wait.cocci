// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How to wait for them, and that they tell when they are done.
//
// files: src/conf/virdomainjob.c
// sites: 1
// aims: virDomainObjEndTermination

@ tell @
identifier obj;
@@
 virDomainObjEndTermination(...)
 {
     obj->job->terminating--;
+    virCondBroadcast(&obj->job->cond);
 }

@ wait @
typedef virDomainObj;
identifier obj;
@@
 void virDomainObjEndTermination(virDomainObj *obj) { ... }
+
+/**
+ * virDomainObjWaitTermination:
+ * @obj: locked and referenced domain object
+ *
+ * Waits, with @obj unlocked, until nobody is between
+ * virDomainObjBeginTermination() and virDomainObjEndTermination(). Whoever was
+ * may have got a job in order to stop the domain by then, or have done so.
+ *
+ * Returns 0 on success,
+ *         -1 on error (with an error reported).
+ */
+int
+virDomainObjWaitTermination(virDomainObj *obj)
+{
+    while (obj->job->terminating > 0) {
+        if (virCondWait(&obj->job->cond, &obj->parent.lock) < 0) {
+            virReportSystemError(errno, "%s",
+                                 _("failed to wait for the domain to be stopped"));
+            return -1;
+        }
+    }
+
+    return 0;
+}
