// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The wait for the I/O helper and the conversation with the guest agent are
// windows of the async job.
//
// files: src/qemu/qemu_domain.c src/qemu/qemu_driver.c
// aims: qemuDomainFileWrapperFDClose qemuDomainObjEnterAgent qemuDomainObjExitAgent

@ helper @
expression vm, ret, wrapper;
@@
+qemuDomainObjEnterInterruptible(vm);
 virObjectUnlock(vm);
 ret = virFileWrapperFdClose(wrapper);
 virObjectLock(vm);
+if (virDomainObjExitInterruptible(vm) < 0)
+    ret = -1;

@ enter @
typedef virDomainObj, qemuAgent;
identifier obj, agent;
@@
 qemuAgent *qemuDomainObjEnterAgent(virDomainObj *obj)
 {
     ...
+    qemuDomainObjEnterInterruptible(obj);
     virObjectUnlock(obj);
     return agent;
 }

@ exit @
typedef virDomainObj, qemuAgent;
identifier obj, agent;
@@
 void qemuDomainObjExitAgent(virDomainObj *obj, qemuAgent *agent)
 {
     ...
     virObjectLock(obj);
     VIR_DEBUG(...);
+
+    if (virDomainObjExitInterruptible(obj) < 0)
+        VIR_WARN("Failed to wait for a job of domain %s", obj->def->name);
 }
