// SPDX-License-Identifier: LGPL-2.1-or-later
//
// It is killed no more, until the domain has another one.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessKill qemuProcessStop

@ kill exists @
typedef bool;
typedef pid_t;
typedef virDomainObj, qemuDomainObjPrivate;
identifier vm, flags;
symbol force, pid, ret, true;
@@
 int qemuProcessKill(virDomainObj *vm, unsigned int flags)
 {
+    qemuDomainObjPrivate *priv = vm->privateData;
     bool force = ...;
     ... when any
+    if (priv->processGone) {
+        VIR_DEBUG("Process of VM '%s' is dead", vm->def->name);
+        return 0;
+    }
+
     if (flags & VIR_QEMU_PROCESS_KILL_NOWAIT) {
         ...
     }
     ... when any
     virDomainObjEndTermination(vm);
+
+    /* The domain may have been stopped and started again meanwhile. */
+    if (vm->pid == pid && virProcessKill(pid, 0) < 0 && errno == ESRCH)
+        priv->processGone = true;
     ...
     return ret;
 }

@ stop exists @
identifier vm;
symbol priv, false;
@@
 qemuProcessStop(..., virDomainObj *vm, ...)
 {
     ... when any
     vm->pid = 0;
+    priv->processGone = false;
     ... when any
 }
