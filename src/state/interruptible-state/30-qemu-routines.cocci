// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The QEMU driver's pair of routines over those of the job engine: they know
// when a domain is as good as dead.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjExitMonitor

@@
typedef virDomainObj;
identifier obj;
@@
 void qemuDomainObjExitMonitor(virDomainObj *obj) { ... }
+
+
+/**
+ * qemuDomainObjEnterInterruptible:
+ * @obj: locked and referenced domain object
+ *
+ * Has to be called by the owner of an async job before it starts waiting for
+ * anything with @obj unlocked, see virDomainObjEnterInterruptible().
+ *
+ * To be followed with qemuDomainObjExitInterruptible() once the wait is over.
+ */
+void
+qemuDomainObjEnterInterruptible(virDomainObj *obj)
+{
+    virDomainObjEnterInterruptible(obj);
+}
+
+
+/**
+ * qemuDomainObjExitInterruptible:
+ * @obj: locked and referenced domain object
+ *
+ * Has to be called by the owner of an async job before it touches the monitor
+ * or the state of the domain again after qemuDomainObjEnterInterruptible(). It
+ * waits for the regular job which may be running to end with @obj unlocked.
+ *
+ * Returns 0 if the async job has the domain to itself again,
+ *         -1 if the domain is not running any more or it is being destroyed, or
+ *            if waiting failed (with an error reported). No other job can
+ *            start until the async job waits or ends. None is running, either,
+ *            unless waiting failed.
+ */
+int
+qemuDomainObjExitInterruptible(virDomainObj *obj)
+{
+    qemuDomainObjPrivate *priv = obj->privateData;
+
+    if (virDomainObjExitInterruptible(obj) < 0)
+        return -1;
+
+    if (!virDomainObjIsActive(obj) || priv->beingDestroyed) {
+        virReportError(VIR_ERR_OPERATION_FAILED, "%s",
+                       _("domain is not running"));
+        return -1;
+    }
+
+    return 0;
+}
