// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Nobody here has to be told which async job he is part of anymore.
//
// files: src/qemu/qemu_migration.c src/qemu/qemu_migration_params.c
// sites: 14
// aims: qemuDomainObjEnterMonitorAsync

@@
expression vm, which;
@@
-qemuDomainObjEnterMonitorAsync(vm, which);
+qemuDomainObjEnterMonitor(vm);
