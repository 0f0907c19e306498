// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How to ask for the process. No status is saved before there is one.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainSaveStatus

@ helpers @
typedef bool;
typedef virDomainObj;
identifier obj;
@@
+/**
+ * qemuDomainObjHasProcess:
+ * @vm: locked domain object
+ *
+ * Returns true if @vm is active and its process has been started. While a hook
+ * prepares the start there is no process yet, and nothing that comes with it,
+ * such as a cgroup, network devices or aliases.
+ */
+bool
+qemuDomainObjHasProcess(virDomainObj *vm)
+{
+    return virDomainObjIsActive(vm) && vm->pid > 0;
+}
+
+
+/**
+ * qemuDomainObjCheckProcess:
+ * @vm: locked domain object
+ *
+ * As virDomainObjCheckActive(), for calls which need the process or what comes
+ * with it.
+ *
+ * Returns 0 if the process of @vm has been started, -1 otherwise (with an error
+ *         reported).
+ */
+int
+qemuDomainObjCheckProcess(virDomainObj *vm)
+{
+    if (qemuDomainObjHasProcess(vm))
+        return 0;
+
+    virReportError(VIR_ERR_OPERATION_INVALID, "%s",
+                   _("domain is not running"));
+    return -1;
+}
+
+
 void qemuDomainSaveStatus(virDomainObj *obj) { ... }

@ status @
identifier obj;
@@
 qemuDomainSaveStatus(virDomainObj *obj)
 {
     <+...
-    virDomainObjIsActive(obj)
+    qemuDomainObjHasProcess(obj)
     ...+>
 }
