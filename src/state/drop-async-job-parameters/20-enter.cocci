// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Nobody has to be told which async job he is part of anymore.
//
// files: src/qemu/*.c
// aims: qemuDomainObjEnterMonitorAsync

@@
expression vm, which;
@@
-qemuDomainObjEnterMonitorAsync(vm, which);
+qemuDomainObjEnterMonitor(vm);
