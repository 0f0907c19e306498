// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The remote section is a window of the async job.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjEnterRemote qemuDomainObjExitRemote

@@
typedef virDomainObj;
identifier obj;
@@
 void qemuDomainObjEnterRemote(virDomainObj *obj)
 {
     ...
+    qemuDomainObjEnterInterruptible(obj);
     virObjectUnlock(obj);
 }

@@
typedef bool;
typedef virDomainObj;
identifier obj, checkActive;
@@
 int qemuDomainObjExitRemote(virDomainObj *obj, bool checkActive)
 {
     virObjectLock(obj);
     VIR_DEBUG(...);
+
+    if (virDomainObjExitInterruptible(obj) < 0)
+        return -1;
     ...
 }
