// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What clients are told about a domain whose process is dying.
//
// files: src/qemu/qemu_domain.c
// sites: 1
// aims: qemuDomainObjWait

@@
typedef virDomainState, virDomainObj;
identifier vm;
@@
 int qemuDomainObjWait(virDomainObj *vm) { ... }
+
+
+/**
+ * qemuDomainObjGetShownState:
+ * @vm: locked domain object
+ * @reason: where to store the reason for the state, or NULL
+ *
+ * Returns the state clients are told. That is the state of the domain, except
+ *         that a domain whose process is being waited for to die is in shutdown.
+ */
+virDomainState
+qemuDomainObjGetShownState(virDomainObj *vm,
+                           int *reason)
+{
+    if (virDomainObjIsActive(vm) && vm->job->terminating > 0) {
+        if (reason)
+            *reason = VIR_DOMAIN_SHUTDOWN_UNKNOWN;
+        return VIR_DOMAIN_SHUTDOWN;
+    }
+
+    return virDomainObjGetState(vm, reason);
+}
