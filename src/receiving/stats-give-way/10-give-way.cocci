// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Between two groups of statistics the query job is handed to an async job that
// waits for it, and is begun anew. The caller has to know whether that worked, so
// it gets its flags back.
//
// files: src/qemu/qemu_driver.c
// sites: 5
// aims: qemuDomainGetStats qemuConnectGetAllDomainStats

@ helper @
typedef bool;
typedef virDomainObj, virConnectPtr, virDomainStatsRecordPtr;
identifier conn, dom, stats, record, flags;
@@
+/* Has an async job that waits for our job to end go first. A monitor command is
+ * all that it waits for then, not all that we want to know. If the job cannot
+ * be had again, @flags are those of a caller without one.
+ *
+ * Returns true if what was asked before is not true of the domain any more. */
+static bool
+qemuDomainGetStatsGiveWay(virDomainObj *dom,
+                          unsigned int *flags)
+{
+    int id = dom->def->id;
+
+    if (!HAVE_JOB(*flags) || (*flags & QEMU_DOMAIN_STATS_NOWAIT) ||
+        !dom->job->asyncJob || virDomainAsyncJobIsInterruptible(dom->job))
+        return false;
+
+    VIR_DEBUG("Statistics give way to async job %s (vm=%p name=%s)",
+              virDomainAsyncJobTypeToString(dom->job->asyncJob), dom, dom->def->name);
+
+    virDomainObjEndJob(dom);
+    if (virDomainObjBeginJob(dom, VIR_JOB_QUERY) < 0) {
+        *flags &= ~QEMU_DOMAIN_STATS_HAVE_JOB;
+        return true;
+    }
+
+    return dom->def->id != id;
+}
+
+
 static int qemuDomainGetStats(virConnectPtr conn,
                               virDomainObj *dom,
                               unsigned int stats,
                               virDomainStatsRecordPtr *record,
-                              unsigned int flags
+                              unsigned int *flags
                              )
 { ... }

@ loop @
symbol qemuDomainGetStatsWorkers;
identifier conn, dom, params, flags, i, stats, record;
@@
 qemuDomainGetStats(virConnectPtr conn, virDomainObj *dom, unsigned int stats,
                    virDomainStatsRecordPtr *record, unsigned int *flags)
 {
     <+...
     if (stats & qemuDomainGetStatsWorkers[i].stats) {
+        if (qemuDomainGetStatsWorkers[i].monitor && qemuDomainGetStatsGiveWay(dom, flags))
+            return qemuDomainGetStats(conn, dom, stats, record, flags);
+
         if (qemuDomainGetStatsWorkers[i].func(conn->privateData, dom, params,
-                                              flags
+                                              *flags
                                              ) < 0)
             return -1;
     }
     ...+>
 }

@ caller @
symbol rc;
identifier domflags, flags;
expression list[4] args;
@@
 qemuConnectGetAllDomainStats(..., unsigned int flags)
 {
     <+...
     if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)
         domflags |= QEMU_DOMAIN_STATS_BACKING;
+
+    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
+        domflags |= QEMU_DOMAIN_STATS_NOWAIT;
     ...
     rc = qemuDomainGetStats(args,
-                            domflags
+                            &domflags
                            );
     ...+>
 }
