// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The callback submits an event, and its handler destroys the domain. Who submits
// an event gets to know whether there is anybody to handle it.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessEventSubmit qemuProcessAutoDestroy

@ submit @
typedef virDomainObj;
identifier vm;
symbol priv;
@@
-void
+int
 qemuProcessEventSubmit(virDomainObj *vm, ...)
 {
     ...
     qemuProcessEventsSchedule(vm);
+
+    if (!priv->eventsScheduled) {
+        qemuProcessEventFree(g_queue_pop_tail(priv->events));
+        return -1;
+    }
+
+    return 0;
 }

@ now @
typedef virConnectPtr;
identifier dom, conn;
identifier end = { virDomainObjEndJob, qemuProcessEndStopJob };
symbol true;
@@
 void
-qemuProcessAutoDestroy(virDomainObj *dom, virConnectPtr conn)
+qemuProcessAutoDestroyNow(virDomainObj *dom,
+                          int id)
 {
     ...
-    VIR_DEBUG("vm=%s, conn=%p", dom->def->name, conn);
+    VIR_DEBUG("vm=%s, id=%d", dom->def->name, id);
+
+    /* The process which was to be killed is gone already. */
+    if (dom->def->id != id)
+        return;
     ...
     if (qemuProcessBeginStopJob(dom, VIR_JOB_DESTROY, true) < 0)
         return;
+
+    if (dom->def->id != id) {
+        VIR_DEBUG("vm=%s has been stopped meanwhile", dom->def->name);
+        end(dom);
+        return;
+    }
     ...
     end(dom);
     ...
 }

@ callback @
identifier dom, id;
@@
 void qemuProcessAutoDestroyNow(virDomainObj *dom, int id)
 { ... }
+
+/* Called in the main loop of the daemon, which must not wait for a process to
+ * die, let alone for a job. */
+void
+qemuProcessAutoDestroy(virDomainObj *dom,
+                       virConnectPtr conn)
+{
+    VIR_DEBUG("vm=%s, conn=%p", dom->def->name, conn);
+
+    if (qemuProcessEventSubmit(dom, QEMU_PROCESS_EVENT_AUTO_DESTROY,
+                               dom->def->id, 0, NULL) < 0)
+        qemuProcessAutoDestroyNow(dom, dom->def->id);
+}
