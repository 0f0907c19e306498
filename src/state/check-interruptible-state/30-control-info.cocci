// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An async job in the monitor has no job of its own for that any more.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetControlInfo

@@
identifier vm, priv;
@@
 qemuDomainGetControlInfo(...)
 {
     <+...
     if (priv->monError) {
         ...
     } else if (
-               vm->job->active
+               vm->job->active ||
+               (vm->job->asyncJob && priv->monStart > 0 &&
+                !virDomainAsyncJobIsInterruptible(vm->job))
               ) {
         ...
     } else { ... }
     ...+>
 }
