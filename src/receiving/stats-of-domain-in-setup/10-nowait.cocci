// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One more case in which not to wait.
//
// files: src/qemu/qemu_driver.c
// sites: 2
// aims: qemuConnectGetAllDomainStats

@ helper @
typedef bool;
typedef virDomainObj, virConnectPtr, virDomainPtr, virDomainStatsRecordPtr;
identifier conn, doms, ndoms, stats, retStats, flags;
@@
+/* Is the domain being set up, so that there is nothing to ask it for yet? */
+static bool
+qemuDomainObjIsInSetup(virDomainObj *vm)
+{
+    return (vm->job->asyncJob == VIR_ASYNC_JOB_MIGRATION_IN ||
+            vm->job->asyncJob == VIR_ASYNC_JOB_START) &&
+           !(vm->job->mask & JOB_MASK(VIR_JOB_QUERY));
+}
+
+
 static int qemuConnectGetAllDomainStats(virConnectPtr conn,
                                         virDomainPtr *doms,
                                         unsigned int ndoms,
                                         unsigned int stats,
                                         virDomainStatsRecordPtr **retStats,
                                         unsigned int flags)
 { ... }

@ nowait @
expression flags, rv;
identifier vm;
statement S;
@@
 if (
-    flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
+    flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT || qemuDomainObjIsInSetup(vm)
    )
     rv = virDomainObjBeginJobNowait(vm, VIR_JOB_QUERY);
 else S
