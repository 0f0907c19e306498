// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The function has no caller left.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjEnterMonitorAsync

@@
@@
-void qemuDomainObjEnterMonitorAsync(...) { ... }
