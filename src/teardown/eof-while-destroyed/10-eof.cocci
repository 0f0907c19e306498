// SPDX-License-Identifier: LGPL-2.1-or-later
//
// EOF ends the watch of the monitor in any case, and a thread which cannot
// finish what it began leaves it to the handler of EOF.
//
// files: src/qemu/qemu_process.c
// sites: 4
// aims: qemuProcessHandleMonitorEOF qemuProcessBeginStopJob

@ eof @
identifier vm, priv, cleanup;
@@
 qemuProcessHandleMonitorEOF(..., virDomainObj *vm)
 {
     ...
-    if (priv->beingDestroyed) {
-        VIR_DEBUG(...);
-        goto cleanup;
-    }
-    qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0, NULL);
+    /* Otherwise whoever destroys the domain is going to stop it. */
+    if (!priv->beingDestroyed)
+        qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0, NULL);
     ...
-cleanup:
     virObjectUnlock(vm);
 }

@ job @
typedef virDomainObj, virDomainJob;
typedef bool;
identifier vm, job, forceKill, cleanup;
@@
 int qemuProcessBeginStopJob(virDomainObj *vm, virDomainJob job, bool forceKill)
 {
     ...
     if (virDomainObjBeginJob(vm, job) < 0)
+    {
+        if (virDomainObjIsActive(vm))
+            qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0, NULL);
         goto cleanup;
+    }
     ...
 }
