// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The handler deals with the process whose end was reported, and with no other one.
//
// files: src/qemu/qemu_driver.c
// one-of: stop-path
// aims: processMonitorEOFEvent qemuProcessEventHandler

@ handler @
typedef virQEMUDriver, virDomainObj;
identifier driver, vm, endjob;
symbol true, false;
@@
 static void
-processMonitorEOFEvent(virQEMUDriver *driver, virDomainObj *vm)
+processMonitorEOFEvent(virQEMUDriver *driver,
+                       virDomainObj *vm,
+                       int id)
 {
     ... when any
-    if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, true) < 0)
-        return;
-
-    if (!virDomainObjIsActive(vm)) {
-        VIR_DEBUG(...);
-        goto endjob;
-    }
+    /* The thread which is stopping the domain usually succeeds, and the
+     * domain may be started again right after that. So leave the domain
+     * alone until that thread is done. */
+    while (vm->def->id == id &&
+           (priv->beingDestroyed || vm->job->active == VIR_JOB_DESTROY)) {
+        if (virCondWait(&vm->job->cond, &vm->parent.lock) < 0)
+            break;
+    }
+
+    if (vm->def->id != id) {
+        VIR_DEBUG("Domain %p '%s' has been stopped, ignoring EOF",
+                  vm, vm->def->name);
+        return;
+    }
+
+    if (qemuProcessBeginStopJob(vm, VIR_JOB_DESTROY, true) < 0) {
+        /* There is a job which has not ended for a long time. */
+        if (vm->def->id == id && priv->processGone)
+            qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, id, 0, NULL);
+        return;
+    }
+
+    if (vm->def->id != id) {
+        VIR_DEBUG("Domain %p '%s' has been stopped, ignoring EOF",
+                  vm, vm->def->name);
+        virDomainObjEndJob(vm);
+        return;
+    }
     ... when any
-endjob:
     qemuDomainRemoveInactive(driver, vm, 0, false);
     virDomainObjEndJob(vm);
 }

@ call @
identifier driver, vm;
symbol processEvent;
@@
 qemuProcessEventHandler(...)
 {
     <+...
     processMonitorEOFEvent(driver, vm
+                           , processEvent->action
                            );
     ...+>
 }
