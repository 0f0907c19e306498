// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The callback submits an event, and its handler destroys the domain.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessAutoDestroy

@ now @
typedef virDomainObj, virConnectPtr;
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
+ * die, let alone for a job. If there are no workers any more because the daemon
+ * is about to quit, qemuStateCleanup destroys the domain. */
+void
+qemuProcessAutoDestroy(virDomainObj *dom,
+                       virConnectPtr conn)
+{
+    VIR_DEBUG("vm=%s, conn=%p", dom->def->name, conn);
+
+    qemuProcessEventSubmit(dom, QEMU_PROCESS_EVENT_AUTO_DESTROY,
+                           dom->def->id, 0, NULL);
+}
