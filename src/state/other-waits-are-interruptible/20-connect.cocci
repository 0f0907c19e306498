// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Connecting to the monitor and to the guest agent are windows of the async
// job. A domain which died there is not connected to.
//
// files: src/qemu/qemu_monitor.c src/qemu/qemu_agent.c
// aims: qemuMonitorOpen qemuAgentOpen

@ monitor @
expression vm, fd, path;
@@
+virDomainObjEnterInterruptible(vm);
 virObjectUnlock(vm);
 fd = qemuMonitorOpenUnix(path);
 virObjectLock(vm);
+
+if (virDomainObjExitInterruptible(vm) < 0)
+    return NULL;

@ agent @
expression vm, fd, path;
identifier out;
@@
+virDomainObjEnterInterruptible(vm);
 virObjectUnlock(vm);
 fd = qemuAgentOpenUnix(path);
 virObjectLock(vm);
+
+if (virDomainObjExitInterruptible(vm) < 0)
+    goto out;

 if (fd == -1)
     goto out;
