// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The driver submits events of its own.
//
// files: src/qemu/qemu_process.c
// aims: qemuProcessEventSubmit

@@
typedef virDomainObj, qemuProcessEventType;
identifier vm, eventType, action, status, data;
@@
-static void
+void
 qemuProcessEventSubmit(virDomainObj *vm, qemuProcessEventType eventType, int action,
                        int status, void *data)
 { ... }
