// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each domain has a queue of its events, so an event need not name its domain.
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
