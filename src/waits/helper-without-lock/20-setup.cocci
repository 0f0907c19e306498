// SPDX-License-Identifier: LGPL-2.1-or-later
//
// swtpm_setup runs with the domain unlocked. The persistent definition, which some
// releases change afterwards, is looked at then.
//
// files: src/qemu/qemu_tpm.c src/qemu/qemu_extdevice.c
// aims: qemuTPMEmulatorRunSetup qemuTPMEmulatorReconfigure qemuTPMEmulatorBuildCommand qemuTPMEmulatorUpdateProfileName qemuTPMEmulatorStart qemuExtTPMStart qemuExtDevicesStart
// may-miss: find profile emulator external devices device

@ setup @
typedef virDomainObj;
identifier vmname, vmuuid, cmd, exitstatus;
symbol uuid, vmid, vm;
@@
 qemuTPMEmulatorRunSetup(...,
-                        const char *vmname,
-                        const unsigned char *vmuuid
+                        virDomainObj *vm
                         , ...)
 {
     ...
-    virUUIDFormat(vmuuid, uuid);
+    virUUIDFormat(vm->def->uuid, uuid);
     vmid = g_strdup_printf("%s:%s",
-                           vmname
+                           vm->def->name
                            , uuid);
     <+...
-    virCommandRun(cmd, &exitstatus)
+    qemuDomainObjRunHelper(vm, cmd, &exitstatus)
     ...+>
 }

@ reconfigure @
typedef virDomainObj;
identifier cmd, exitstatus, first;
type T;
symbol vm;
@@
 qemuTPMEmulatorReconfigure(
-                           T first
+                           virDomainObj *vm,
+                           T first
                            , ...)
 {
     <+...
-    virCommandRun(cmd, &exitstatus)
+    qemuDomainObjRunHelper(vm, cmd, &exitstatus)
     ...+>
 }

@ build @
typedef virDomainObj;
identifier vmname, vmuuid;
expression first;
symbol vm;
@@
 qemuTPMEmulatorBuildCommand(...,
-                            const char *vmname,
-                            const unsigned char *vmuuid
+                            virDomainObj *vm
                             , ...)
 {
     <+...
(
     qemuTPMEmulatorRunSetup(...,
-                            vmname, vmuuid
+                            vm
                             , ...)
|
     qemuTPMEmulatorReconfigure(
-                               first
+                               vm, first
                                , ...)
)
     ...+>
 }

@ start @
symbol vm;
@@
 qemuTPMEmulatorBuildCommand(...,
-                            vm->def->name, vm->def->uuid
+                            vm
                             , ...)

@ find @
typedef virDomainObj, virDomainTPMDef;
@@
 qemuTPMEmulatorUpdateProfileName(...) { ... }
+
+static virDomainTPMDef *
+qemuTPMFindPersistent(virDomainObj *vm,
+                      virDomainTPMDef *tpm)
+{
+    size_t i;
+
+    /* It is not the same device if the definitions do not match. */
+    if (!vm->newDef || vm->newDef->ntpms != vm->def->ntpms)
+        return NULL;
+
+    for (i = 0; i < vm->def->ntpms; i++) {
+        virDomainTPMDef *persistent = vm->newDef->tpms[i];
+
+        if (vm->def->tpms[i] == tpm &&
+            persistent->type == tpm->type &&
+            persistent->model == tpm->model)
+            return persistent;
+    }
+
+    return NULL;
+}

@ profile @
typedef virDomainTPMDef;
identifier persistent, tpm;
symbol vm, run_setup, incomingMigration, NULL, false;
expression updated;
@@
 qemuTPMEmulatorBuildCommand(virDomainTPMDef *tpm,
-                            virDomainTPMDef *persistent,
                             ...)
 {
     ...
     bool run_setup = false;
+    virDomainTPMDef *persistent = NULL;
     <+...
+    persistent = qemuTPMFindPersistent(vm, tpm);
     if (run_setup && !incomingMigration && persistent && updated) { ... }
     ...+>
 }

@ emulator @
typedef virDomainTPMDef;
identifier persistent, tpm;
@@
 qemuTPMEmulatorStart(..., virDomainTPMDef *tpm,
-                     virDomainTPMDef *persistent,
                      ...)
 {
     <+...
     qemuTPMEmulatorBuildCommand(tpm,
-                                persistent,
                                 ...)
     ...+>
 }

@ external @
typedef virDomainTPMDef;
identifier persistent, tpm;
@@
 qemuExtTPMStart(..., virDomainTPMDef *tpm,
-                virDomainTPMDef *persistent,
                 ...)
 {
     <+...
     qemuTPMEmulatorStart(..., tpm,
-                         persistent,
                          ...)
     ...+>
 }

@ devices @
typedef virDomainDef, virDomainTPMDef;
identifier persistentDef, persistent;
symbol vm, NULL;
@@
 qemuExtDevicesStart(...)
 {
-    virDomainDef *persistentDef = vm->newDef;
     <+...
-    virDomainTPMDef *persistent = NULL;
-    if (persistentDef) { ... }
     ...+>
 }

@ device @
identifier devices.persistent;
expression driver, tpm;
symbol vm;
@@
 qemuExtTPMStart(driver, vm, tpm,
-                persistent,
                 ...)
