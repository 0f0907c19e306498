// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each domain has a queue of its events, which need not tell whose they are.
//
// files: src/qemu/qemu_domain.h
// aims: _qemuDomainObjPrivate qemuProcessEvent

@ queue @
typedef GQueue;
@@
 struct _qemuDomainObjPrivate {
     ...
     virEventThread *eventThread;
+
+    GQueue *events; /* struct qemuProcessEvent *, handled in this order */
+    bool eventsScheduled; /* a worker is going to handle the first of them */
     ...
 };

@ event @
@@
 struct qemuProcessEvent {
-    virDomainObj *vm;
     ...
 };
