// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The function has no caller left.
//
// files: src/qemu/qemu_domain.c
// sites: 1
// aims: qemuDomainObjEnterMonitorAsync

@@
@@
-void qemuDomainObjEnterMonitorAsync(...) { ... }
