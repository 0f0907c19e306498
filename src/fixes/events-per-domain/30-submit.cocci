// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An event goes to the queue, and a domain with events to a worker.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessEventSubmit qemuConnectAgent

@ schedule @
typedef virDomainObj, virQEMUDriver, qemuDomainObjPrivate;
identifier driver, vm;
@@
 int qemuConnectAgent(virQEMUDriver *driver, virDomainObj *vm)
 { ... }
+
+/**
+ * qemuProcessEventsSchedule:
+ * @vm: locked domain object
+ *
+ * Lets a worker thread handle the first event of @vm, if there is one and no
+ * worker is busy with @vm already. The worker calls this again when it is done.
+ * So the events of a domain are handled one by one, and an event which takes
+ * long keeps no other domain waiting.
+ */
+void
+qemuProcessEventsSchedule(virDomainObj *vm)
+{
+    qemuDomainObjPrivate *priv = vm->privateData;
+
+    if (priv->eventsScheduled || g_queue_is_empty(priv->events))
+        return;
+
+    if (virThreadPoolSendJob(priv->driver->workerPool, 0, virObjectRef(vm)) < 0) {
+        virObjectUnref(vm);
+        return;
+    }
+
+    priv->eventsScheduled = true;
+}

@ submit @
typedef qemuDomainObjPrivate;
identifier vm, event, driver, type;
@@
 qemuProcessEventSubmit(virDomainObj *vm, ...)
 {
     struct qemuProcessEvent *event = g_new0(struct qemuProcessEvent, 1);
-    virQEMUDriver *driver = QEMU_DOMAIN_PRIVATE(vm)->driver;
-
-    event->vm = virObjectRef(vm);
-    event->eventType = type;
+    qemuDomainObjPrivate *priv = vm->privateData;
+
+    event->eventType = type;
     ...
-    if (virThreadPoolSendJob(driver->workerPool, 0, event) < 0) {
-        virObjectUnref(
(
-            vm
|
-            event->vm
)
-            );
-        qemuProcessEventFree(event);
-    }
+    g_queue_push_tail(priv->events, event);
+    qemuProcessEventsSchedule(vm);
 }
