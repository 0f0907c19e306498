// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A process that has not been started is not dead.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessKill

@@
typedef pid_t;
symbol vm, pid, errno;
@@
 qemuProcessKill(...)
 {
     <+...
-    vm->pid == pid && virProcessKill(pid, 0) < 0 && errno == ESRCH
+    pid > 0 && vm->pid == pid && virProcessKill(pid, 0) < 0 && errno == ESRCH
     ...+>
 }
