// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A priority worker stays while there is work for it. Idle ones are counted.
//
// files: src/util/virthreadpool.c
// aims: virThreadPoolWorker

@ surplus @
identifier curWorkers, maxLimit;
@@
 virThreadPoolWorker(...)
 {
     <+...
-    virThreadPoolWorkerQuitHelper(*curWorkers, *maxLimit)
+    virThreadPoolWorkerIsSurplus(pool, priority)
     ...+>
 }

@ counters @
identifier pool, priority, curWorkers, maxLimit;
type T;
@@
 virThreadPoolWorker(...)
 {
     ...
-    T *curWorkers = priority ? &pool->nPrioWorkers : &pool->nWorkers;
-    T *maxLimit = priority ? &pool->maxPrioWorkers : &pool->maxWorkers;
+    T *freeWorkers = priority ? &pool->freePrioWorkers : &pool->freeWorkers;
     ...
 }

@ more @
identifier pool, priority;
@@
 virThreadPoolWorker(...)
 {
     <+...
-    if (!priority)
-        pool->freeWorkers++;
+    (*freeWorkers)++;
     ...+>
 }

@ less @
identifier pool, priority;
@@
 virThreadPoolWorker(...)
 {
     <+...
-    if (!priority)
-        pool->freeWorkers--;
+    (*freeWorkers)--;
     ...+>
 }

@ taken @
identifier pool;
@@
 virThreadPoolWorker(...)
 {
     <+...
     pool->jobQueueDepth--;
+    if (job->priority)
+        pool->prioQueueDepth--;
     ...+>
 }
