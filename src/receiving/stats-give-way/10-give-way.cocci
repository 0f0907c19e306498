// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Statistics begin their job, and end it between two of their groups if an async job
// waits for it.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetStats qemuConnectGetAllDomainStats

@ loop @
typedef bool;
typedef virDomainObj, virConnectPtr, virDomainStatsRecordPtr, virQEMUDriver, virTypedParamList;
symbol params, qemuDomainGetStatsWorkers;
identifier conn, dom, stats, record, flags, i;
@@
+/* Begins the job for those statistics of @dom which need the monitor.
+ *
+ * Returns 0 on success, -1 if @dom has to be described without the monitor. */
+static int
+qemuDomainGetStatsBeginJob(virDomainObj *dom,
+                           unsigned int flags)
+{
+    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
+        return virDomainObjBeginJobNowait(dom, VIR_JOB_QUERY);
+
+    /* Its process is dying, or qemu-img is running on its images: the job
+     * could not begin before that is over. */
+    if (virDomainObjIsTerminating(dom))
+        return -1;
+
+    return virDomainObjBeginJob(dom, VIR_JOB_QUERY);
+}
+
+
+/* Adds groups of statistics to @params, beginning with the one at @next.
+ *
+ * Returns 0 on success,
+ *         1 if an async job waits for the job of the caller, which has to
#@ if < 11.2.0
+ *           end that job, begin a new one and continue at @next,
+ *         -1 on error (with an error reported). */
#@ else
+ *           end that job, begin a new one and continue at @next. */
#@ end
+static int
+qemuDomainGetStatsGroups(virQEMUDriver *driver,
+                         virDomainObj *dom,
+                         unsigned int stats,
+                         virTypedParamList *params,
+                         unsigned int privflags,
+                         bool giveWay,
+                         size_t *next)
+{
+    size_t first = *next;
+    size_t i;
+
+    for (i = first; qemuDomainGetStatsWorkers[i].func; i++) {
+        if (!(stats & qemuDomainGetStatsWorkers[i].stats))
+            continue;
+
+        if (i > first && HAVE_JOB(privflags) && qemuDomainGetStatsWorkers[i].monitor) {
+            if (giveWay && dom->job->asyncJob &&
+                !virDomainAsyncJobIsInterruptible(dom->job)) {
+                *next = i;
+                return 1;
+            }
+        }
+
#@ if < 11.2.0
+        if (qemuDomainGetStatsWorkers[i].func(driver, dom, params, privflags) < 0)
+            return -1;
#@ else
+        qemuDomainGetStatsWorkers[i].func(driver, dom, params, privflags);
#@ end
+    }
+
+    return 0;
+}
+
+
+/* Gets the statistics of @dom, which is locked, and unlocked meanwhile. If an
+ * async job waits for our job, it goes first between two groups of statistics,
+ * so that it waits for one group at most. If the domain was restarted
+ * meanwhile, or the job cannot be begun again, the statistics begin anew, so
+ * that all of them are of one process.
+ *
+ * Returns 0 on success, -1 on error (with an error reported). */
 static int
 qemuDomainGetStats(virConnectPtr conn, virDomainObj *dom, unsigned int stats,
                    virDomainStatsRecordPtr *record, unsigned int flags)
 {
     ...
-    size_t i;
+    bool needJob = qemuDomainGetStatsNeedMonitor(stats);
+    bool giveWay = !(flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
+    int id = dom->def->id;
+    size_t next = 0;
+    int rc;
     ...
-    for (i = 0; qemuDomainGetStatsWorkers[i].func; i++) { ... }
+    do {
+        bool haveJob = needJob && qemuDomainGetStatsBeginJob(dom, flags) == 0;
+        unsigned int privflags = 0;
+
+        if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)
+            privflags |= QEMU_DOMAIN_STATS_BACKING;
+
+        if (haveJob)
+            privflags |= QEMU_DOMAIN_STATS_HAVE_JOB;
+        /* else: without a job it's still possible to gather some data */
+
+        if (next > 0 && (!haveJob || dom->def->id != id)) {
+            virTypedParamListFree(params);
#@ if < 11.2.0
+            params = g_new0(virTypedParamList, 1);
#@ else
+            params = virTypedParamListNew();
#@ end
+            next = 0;
+        }
+        id = dom->def->id;
+
+        rc = qemuDomainGetStatsGroups(conn->privateData, dom, stats, params, privflags,
+                                      giveWay, &next);
+
+        if (haveJob)
+            virDomainObjEndJob(dom);
+
+        if (rc == 1) {
+            VIR_DEBUG("Statistics give way to async job %s (vm=%p name=%s)",
+                      virDomainAsyncJobTypeToString(dom->job->asyncJob), dom, dom->def->name);
+        }
+    } while (rc == 1);
#@ if < 11.2.0
+
+    if (rc < 0)
+        return -1;
#@ end
     ... when any
 }

@ caller @
symbol rc;
identifier domflags, privflags, flags, vm, wanted;
expression list[4] args;
@@
 qemuConnectGetAllDomainStats(..., unsigned int flags)
 {
     <+...
-    unsigned int privflags = 0;
     ... when any
-    unsigned int domflags = 0;
     ... when any
-    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)
-        domflags |= QEMU_DOMAIN_STATS_BACKING;
     ... when any
-    if (qemuDomainGetStatsNeedMonitor(wanted))
-        privflags |= QEMU_DOMAIN_STATS_HAVE_JOB;
-    if (HAVE_JOB(privflags)) { ... }
     rc = qemuDomainGetStats(args,
-                            domflags
+                            flags
                            );
-    if (HAVE_JOB(domflags))
-        virDomainObjEndJob(vm);
     ...+>
 }
