// SPDX-License-Identifier: LGPL-2.1-or-later
//
// EOF ends the watch of the monitor in any case, and an event is queued for its
// handler, like any other event of the domain.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessHandleMonitorEOF

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
(
-    qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0, NULL);
+    qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, vm->def->id, 0, NULL);
|
     qemuProcessEventSubmit(vm, QEMU_PROCESS_EVENT_MONITOR_EOF, 0, 0, GINT_TO_POINTER(vm->def->id));
)
     ...
-cleanup:
     virObjectUnlock(vm);
 }
