// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Waits for the monitor and for the domain condition fail.
//
// files: src/qemu/qemu_domain.c
// aims: qemuJobDataFreePrivateData virQEMUDriverDomainJobConfig qemuDomainObjWait

@ routine @
typedef bool;
typedef virDomainObj, qemuDomainObjPrivate;
identifier data;
@@
 static void qemuJobDataFreePrivateData(void *data) { ... }
+
+
+static void
+qemuDomainObjGiveUpJob(virDomainObj *obj,
+                       bool givenUp)
+{
+    qemuDomainObjPrivate *priv = obj->privateData;
+
+    /* The thread which owns the job may wait for the monitor or for an event. */
+    if (priv->mon)
+        qemuMonitorGiveUp(priv->mon, givenUp);
+
+    if (givenUp)
+        virDomainObjBroadcast(obj);
+}

@ wait @
typedef virDomainObj;
identifier vm;
@@
 int qemuDomainObjWait(virDomainObj *vm)
 {
     ... when any
-    if (qemuDomainObjExitInterruptible(vm) < 0)
+    if (qemuDomainObjExitInterruptible(vm) < 0 ||
+        virDomainObjCheckJobGivenUp(vm) < 0)
         return -1;
     ... when any
 }
