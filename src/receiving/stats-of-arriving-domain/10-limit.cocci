// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A caller that does not wait does not ask about an arriving guest. A caller
// that waits does not wait while the domain is set up, and not for long if
// there are other domains to be asked.
//
// files: src/qemu/qemu_driver.c
// aims: qemuDomainGetStatsBeginJob qemuDomainGetStatsGroups qemuDomainGetStats qemuConnectGetAllDomainStats

@ begin exists @
typedef virDomainObj;
identifier dom, flags;
@@
 qemuDomainGetStatsBeginJob(virDomainObj *dom,
-                           unsigned int flags
+                           unsigned int flags,
+                           long long deadline
                            )
 {
-    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
+    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT) {
+        if (qemuDomainObjIsArriving(dom))
+            return -1;
+
         return virDomainObjBeginJobNowait(dom, VIR_JOB_QUERY);
+    }
     ... when any
+    if (qemuDomainObjIsArriving(dom)) {
+        if (!(dom->job->mask & JOB_MASK(VIR_JOB_QUERY)))
+            return -1;
+
+        if (deadline > 0) {
+            long long left = (deadline - g_get_monotonic_time()) / 1000;
+
+            return virDomainObjBeginJobTimeout(dom, VIR_JOB_QUERY, MAX(left, 0));
+        }
+    }
+
     return virDomainObjBeginJob(dom, VIR_JOB_QUERY);
 }

@ groups @
typedef bool;
symbol giveWay, next;
identifier dom, privflags, i;
@@
 qemuDomainGetStatsGroups(..., virDomainObj *dom, ..., unsigned int privflags, bool giveWay,
-                         size_t *next
+                         long long deadline,
+                         size_t *next
                          )
 {
     <+...
     if (giveWay && dom->job->asyncJob && !virDomainAsyncJobIsInterruptible(dom->job)) {
         *next = i;
         return 1;
     }
+
+    if (deadline > 0 && g_get_monotonic_time() >= deadline && qemuDomainObjIsArriving(dom))
+        privflags &= ~QEMU_DOMAIN_STATS_HAVE_JOB;
     ...+>
 }

@ statistics @
typedef virConnectPtr, virDomainStatsRecordPtr;
identifier conn, dom, stats, record, flags;
@@
 qemuDomainGetStats(virConnectPtr conn, virDomainObj *dom, unsigned int stats,
                    virDomainStatsRecordPtr *record,
-                   unsigned int flags
+                   unsigned int flags,
+                   long long deadline
                    )
 {
     ...
 }

@ calls @
identifier dom, flags;
expression list[6] args;
@@
 qemuDomainGetStats(...)
 {
     <+...
(
     qemuDomainGetStatsBeginJob(dom, flags
+                               , deadline
                                )
|
     qemuDomainGetStatsGroups(args,
-                             &next
+                             deadline, &next
                              )
)
     ...+>
 }

@ caller @
typedef virDomainPtr, virErrorPtr;
identifier conn, doms, ndoms, error;
expression list[5] args;
@@
 qemuConnectGetAllDomainStats(virConnectPtr conn, virDomainPtr *doms, unsigned int ndoms, ...)
 {
     ...
     virErrorPtr error = NULL;
+    long long deadline = ndoms == 0 ? g_get_monotonic_time() + QEMU_DOMAIN_STATS_ARRIVING_TIME : 0;
     <+...
     qemuDomainGetStats(args
+                       , deadline
                        )
     ...+>
 }
