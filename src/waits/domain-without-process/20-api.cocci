// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Calls that need no job, and what comes with the process.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainInterfaceStats qemuDomainInterfaceAddresses qemuDomainOpenConsole qemuDomainOpenChannel qemuDomainGetCPUStats qemuDomainGetInfo qemuDomainGetSecurityLabel qemuDomainGetSecurityLabelList qemuDomainGetSchedulerType qemuDomainGetSchedulerParametersFlags qemuDomainGetBlkioParameters qemuDomainGetMemoryParameters qemuDomainGetVcpus

@ check @
identifier f = { qemuDomainInterfaceStats, qemuDomainInterfaceAddresses, qemuDomainOpenConsole, qemuDomainOpenChannel, qemuDomainGetCPUStats };
identifier vm;
@@
 f(...)
 {
     <+...
-    virDomainObjCheckActive(vm)
+    qemuDomainObjCheckProcess(vm)
     ...+>
 }

// These answer for a domain without a process as they do for a domain that is off.

@ off @
identifier f = { qemuDomainGetInfo, qemuDomainGetSecurityLabel, qemuDomainGetSecurityLabelList, qemuDomainGetSchedulerType };
identifier vm;
@@
 f(...)
 {
     <+...
-    virDomainObjIsActive(vm)
+    qemuDomainObjHasProcess(vm)
     ...+>
 }

@ cgroup @
identifier f = { qemuDomainGetSchedulerParametersFlags, qemuDomainGetBlkioParameters, qemuDomainGetMemoryParameters };
identifier priv, cleanup;
symbol vm;
expression controller;
@@
 f(...)
 {
     <+...
+    if (qemuDomainObjCheckProcess(vm) < 0)
+        goto cleanup;
+
     if (!virCgroupHasController(priv->cgroup, controller)) {
         ...
         goto cleanup;
     }
     ...+>
 }

@ vcpus @
identifier vm, cleanup;
expression info, maxinfo, cpumaps, maplen;
symbol ret;
@@
 qemuDomainGetVcpus(...)
 {
     ...
     if (!virDomainObjIsActive(vm)) {
         ...
         goto cleanup;
     }
+
+    if (qemuDomainObjCheckProcess(vm) < 0)
+        goto cleanup;

     ret = qemuDomainHelperGetVcpus(vm, info, NULL, NULL, maxinfo, cpumaps, maplen);
     ...
 }
