// SPDX-License-Identifier: LGPL-2.1-or-later
//
// No function needs to know any more which async job it is part of.
//
// files: src/qemu/*.c
// aims: qemuDomainObjEnterMonitorAsync

@@
expression vm, which;
@@
-qemuDomainObjEnterMonitorAsync(vm, which);
+qemuDomainObjEnterMonitor(vm);
