// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A domain that is to be destroyed is destroyed even if the daemon quits before a
// worker got round to it.
//
// files: src/qemu/qemu_driver.c
// aims: qemuStateShutdownWait qemuStateCleanup

@ rest @
typedef virDomainObj, GQueue, GList;
symbol qemu_driver, qemuDomainObjStopWorkerIter;
@@
+/* Destroys the domains which the workers did not get round to, as the next
+ * daemon does not know of them. To be called when the main loop has ended: the
+ * loop holds the lock of the daemon object, which the end of the last active
+ * domain needs. */
+static void
+qemuDomainObjsAutoDestroy(void)
+{
+    virDomainObj **vms = NULL;
+    size_t nvms = 0;
+    size_t i;
+
+    if (!qemu_driver->domains)
+        return;
+
+    virDomainObjListCollectAll(qemu_driver->domains, &vms, &nvms);
+
+    for (i = 0; i < nvms; i++) {
+        VIR_LOCK_GUARD lock = virObjectLockGuard(vms[i]);
+        GQueue *events = QEMU_DOMAIN_PRIVATE(vms[i])->events;
+        GList *next;
+
+        for (next = events->head; next; next = next->next) {
+            struct qemuProcessEvent *event = next->data;
+
+            if (event->eventType == QEMU_PROCESS_EVENT_AUTO_DESTROY) {
+                qemuProcessAutoDestroyNow(vms[i], event->action);
+                break;
+            }
+        }
+    }
+
+    virObjectListFreeCount(vms, nvms);
+}
+
+
 static int qemuStateShutdownWait(void)
 { ... }

@ quit @
@@
 static int qemuStateCleanup(void)
 {
     if (!qemu_driver)
         return -1;
+
+    qemuDomainObjsAutoDestroy();
     ...
 }
