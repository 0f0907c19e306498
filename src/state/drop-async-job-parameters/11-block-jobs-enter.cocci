// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Nobody here has to be told which async job he is part of anymore.
//
// files: src/qemu/qemu_block.c src/qemu/qemu_blockjob.c src/qemu/qemu_backup.c src/qemu/qemu_snapshot.c
// sites: 24
// aims: qemuDomainObjEnterMonitorAsync

@@
expression vm, which;
@@
-qemuDomainObjEnterMonitorAsync(vm, which);
+qemuDomainObjEnterMonitor(vm);
