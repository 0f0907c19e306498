// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Ask whether the guest is there once the job says that nobody changes it.
//
// files: src/qemu/qemu_driver.c
// sites: 4
// aims: qemuDomainScreenshot qemuDomainMemoryPeek qemuDomainQemuMonitorCommandWithFiles

@ helpers @
typedef bool;
typedef virDomainObj, virDomainPtr, virStreamPtr, virJSONValue;
identifier dom, st, screen, flags;
@@
+/* Refuses what cannot be done with a guest whose memory is not there yet. */
+static int
+qemuDomainCheckGuestArrived(virDomainObj *vm)
+{
+    if (vm->job->asyncJob != VIR_ASYNC_JOB_MIGRATION_IN &&
+        vm->job->asyncJob != VIR_ASYNC_JOB_START)
+        return 0;
+
+    virReportError(VIR_ERR_OPERATION_INVALID, "%s",
+                   _("the guest has not arrived completely"));
+    return -1;
+}
+
+
+/* Is @cmd a QMP command which does nothing but ask? */
+static bool
+qemuDomainMonitorCommandAsks(const char *cmd,
+                             bool hmp)
+{
+    virJSONValue *value;
+    const char *name;
+    bool ret;
+
+    if (hmp)
+        return false;
+
+    if (!(value = virJSONValueFromString(cmd))) {
+        /* QEMU has better words for what is wrong with it. */
+        virResetLastError();
+        return false;
+    }
+
+    name = virJSONValueObjectGetString(value, "execute");
+    ret = name && STRPREFIX(name, "query-");
+    virJSONValueFree(value);
+
+    return ret;
+}
+
+
 static char *qemuDomainScreenshot(virDomainPtr dom, virStreamPtr st,
                                   unsigned int screen, unsigned int flags)
 { ... }

@ screenshot exists @
identifier endjob;
identifier vm;
@@
 qemuDomainScreenshot(...)
 {
     ... when any
     if (virDomainObjCheckActive(vm) < 0)
         goto endjob;
+
+    if (qemuDomainCheckGuestArrived(vm) < 0)
+        goto endjob;
     ... when any
 }

@ peek exists @
identifier endjob;
identifier vm;
@@
 qemuDomainMemoryPeek(...)
 {
     ... when any
     if (virDomainObjCheckActive(vm) < 0)
         goto endjob;
+
+    if (qemuDomainCheckGuestArrived(vm) < 0)
+        goto endjob;
     ... when any
 }

@ command exists @
identifier endjob, priv, hmp;
identifier vm, driver, cmd, flags;
@@
 qemuDomainQemuMonitorCommandWithFiles(..., const char *cmd, ...)
 {
     ... when any
     if (virDomainObjCheckActive(vm) < 0)
         goto endjob;
     priv = vm->privateData;
+
+    hmp = !!(flags & VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP);
+
+    if (!qemuDomainMonitorCommandAsks(cmd, hmp) &&
+        qemuDomainCheckGuestArrived(vm) < 0)
+        goto endjob;
     qemuDomainObjTaint(driver, vm, VIR_DOMAIN_TAINT_CUSTOM_MONITOR, NULL);
-    hmp = !!(flags & VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP);
     ... when any
 }
