// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A domain that dies while it is asked is no failure of the statistics of all.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetStats qemuConnectGetAllDomainStats

@ dead @
typedef bool;
typedef virDomainObj, virConnectPtr, virDomainStatsRecordPtr, qemuDomainObjPrivate, virErrorPtr;
symbol rc, id;
identifier conn, dom, stats, record, flags, deadline;
@@
+/* Returns true if the process of the domain which had @id has ended, even
+ * if the domain has not been stopped yet. */
+static bool
+qemuDomainGetStatsIsDead(virDomainObj *dom,
+                         int id)
+{
+    qemuDomainObjPrivate *priv = dom->privateData;
+    virErrorPtr error;
+
+    if (dom->def->id != id || !priv->mon)
+        return true;
+
+    virObjectLock(priv->mon);
+    error = qemuMonitorLastError(priv->mon);
+    virObjectUnlock(priv->mon);
+
+    virFreeError(error);
+    return error != NULL;
+}
+
+
 static int
 qemuDomainGetStats(virConnectPtr conn, virDomainObj *dom, unsigned int stats,
                    virDomainStatsRecordPtr *record, unsigned int flags, long long deadline)
 {
     ... when any
-    if (rc < 0)
-        return -1;
+    if (rc < 0) {
+        bool givenUp = virGetLastErrorCode() == VIR_ERR_OPERATION_TIMEOUT;
+
+        if (!qemuDomainGetStatsIsDead(dom, id) && !(deadline > 0 && givenUp))
+            return -1;
+
+        VIR_DEBUG("No statistics of a domain that does not answer (vm=%p name=%s)",
+                  dom, dom->def->name);
+        virResetLastError();
+        return 0;
+    }
     ... when any
 }

@ caller @
symbol tmp, nstats;
identifier tmpstats;
@@
 qemuConnectGetAllDomainStats(...)
 {
     <+...
-    tmpstats[nstats++] = tmp;
+    if (tmp)
+        tmpstats[nstats++] = tmp;
     ...+>
 }
