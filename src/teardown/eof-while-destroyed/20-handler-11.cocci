// SPDX-License-Identifier: LGPL-2.1-or-later
//
// As 20-handler.cocci, where the handler knows the ID already, and so should the one
// which is told that a process has ended at last after it could not be killed.
//
// files: src/qemu/qemu_driver.c
// one-of: stop-path
// aims: processMonitorEOFEvent processShutdownCompletedEvent qemuProcessEventHandler

@ handler exists @
typedef virQEMUDriver, virDomainObj;
typedef bool;
identifier driver, vm, domid, migration, endjob;
expression E;
symbol true, priv;
@@
 processMonitorEOFEvent(virQEMUDriver *driver, virDomainObj *vm, int domid)
 {
     ...
     bool migration;
+
+    /* Who is stopping it mostly succeeds, and somebody may start it right after
+     * that: do nothing to the domain before its turn comes. */
+    while (vm->def->id == domid &&
+           (priv->beingDestroyed || vm->job->active == VIR_JOB_DESTROY)) {
+        if (virCondWait(&vm->job->cond, &vm->parent.lock) < 0)
+            break;
+    }

     if (vm->def->id != domid) { ... }

-    if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, true) < 0)
-        return;
+    if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, true) < 0) {
+        /* There is a job which has not ended for a long time. */
+        if (vm->def->id == domid && priv->processGone) {
+            qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0,
+                                   GINT_TO_POINTER(domid));
+        }
+        return;
+    }
     ...
     migration = E;

-    if (!virDomainObjIsActive(vm)) {
-        VIR_DEBUG(...);
-        goto endjob;
-    }
+    if (vm->def->id != domid) {
+        VIR_DEBUG("Domain %p '%s' has been stopped, ignoring EOF",
+                  vm, vm->def->name);
+        qemuProcessEndStopJob(vm);
+        return;
+    }
     ... when any
-endjob:
     qemuDomainRemoveInactive(driver, vm, 0, migration);
     qemuProcessEndStopJob(vm);
 }

@ completed @
typedef virQEMUDriver, virDomainObj;
identifier driver, vm;
@@
 static void
-processShutdownCompletedEvent(virQEMUDriver *driver, virDomainObj *vm)
+processShutdownCompletedEvent(virQEMUDriver *driver,
+                              virDomainObj *vm,
+                              int id)
 {
+    if (vm->def->id != id) {
+        VIR_DEBUG("Domain %s was restarted, ignoring the end of its process",
+                  vm->def->name);
+        return;
+    }
+
     if (qemuProcessBeginStopJob(...) < 0)
         return;

     if (
-        virDomainObjIsActive(vm)
+        vm->def->id == id
        ) { ... }
     ...
 }

@ call @
identifier driver, vm;
symbol processEvent;
@@
 qemuProcessEventHandler(...)
 {
     <+...
     processShutdownCompletedEvent(driver, vm
+                                  , processEvent->action
                                   );
     ...+>
 }
