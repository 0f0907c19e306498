// SPDX-License-Identifier: LGPL-2.1-or-later
//
// As 20-handler.cocci, where the handler knows the ID already. So should the handler for
// a process which has ended at last after it could not be killed.
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
+    /* The thread which is stopping the domain usually succeeds, and the
+     * domain may be started again right after that. So leave the domain
+     * alone until that thread is done. */
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
