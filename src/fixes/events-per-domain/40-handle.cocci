// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A worker handles the first event of the domain it is given. As none of them is
// busy with more than one domain, there are never more of them than domains.
//
// files: src/qemu/qemu_driver.c
// aims: qemuStateInitialize qemuProcessEventHandler

@ pool @
symbol qemu_driver;
identifier handler;
@@
 qemu_driver->workerPool = virThreadPoolNewFull(0,
-1
+SIZE_MAX
 , 0, handler, ...)

@ handler @
typedef virDomainObj, virQEMUDriver, qemuDomainObjPrivate;
identifier processEvent, vm, driver;
symbol data;
expression list log;
@@
 qemuProcessEventHandler(...)
 {
-    struct qemuProcessEvent *processEvent = data;
-    virDomainObj *vm = processEvent->vm;
+    struct qemuProcessEvent *processEvent;
+    virDomainObj *vm = data;
+    qemuDomainObjPrivate *priv = vm->privateData;
     virQEMUDriver *driver = ...;

-    VIR_DEBUG(log);
-
     virObjectLock(vm);
+
+    processEvent = g_queue_pop_head(priv->events);
+    VIR_DEBUG(log);
     ...
+    qemuProcessEventFree(processEvent);
+    priv->eventsScheduled = false;
+    qemuProcessEventsSchedule(vm);
     virDomainObjEndAPI(&vm);
-    qemuProcessEventFree(processEvent);
 }
