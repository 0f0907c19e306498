// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The calls and event handlers that need a guest which has arrived.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainScreenshot qemuDomainMemoryPeek qemuDomainQemuMonitorCommandWithFiles processNicRxFilterChangedEvent processNetdevDisconnectedEvent

@ helper @
typedef bool;
typedef virDomainObj, virDomainPtr, virStreamPtr;
identifier dom, st, screen, flags;
@@
+/**
+ * qemuDomainObjBeginJobArrived:
+ * @vm: locked and referenced domain object
+ *
+ * Begins a job for a call which needs a guest that has arrived:
+ * VIR_JOB_QUERY, or VIR_JOB_MODIFY if the guest was arriving when this was
+ * called, since that one starts only when the guest is there. @vm is
+ * unlocked while waiting.
+ *
+ * Returns 0 on success, -1 on error (with an error reported).
+ */
+static int
+qemuDomainObjBeginJobArrived(virDomainObj *vm)
+{
+    while (true) {
+        bool arriving = qemuDomainObjIsArriving(vm);
+
+        if (virDomainObjBeginJob(vm, arriving ? VIR_JOB_MODIFY : VIR_JOB_QUERY) < 0)
+            return -1;
+
+        if (!qemuDomainObjIsArriving(vm))
+            return 0;
+
+        /* The guest began to arrive meanwhile. */
+        virDomainObjEndJob(vm);
+    }
+}
+
+
 static char *qemuDomainScreenshot(virDomainPtr dom, virStreamPtr st,
                                   unsigned int screen, unsigned int flags)
 { ... }

// Newer releases have the first of the two event handlers take a MODIFY job, and
// have the second one.

@ use @
identifier f = { qemuDomainScreenshot, qemuDomainMemoryPeek, qemuDomainQemuMonitorCommandWithFiles, processNicRxFilterChangedEvent, processNetdevDisconnectedEvent };
identifier vm;
@@
 f(...)
 {
     <+...
-    virDomainObjBeginJob(vm, VIR_JOB_QUERY)
+    qemuDomainObjBeginJobArrived(vm)
     ...+>
 }
