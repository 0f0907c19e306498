// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which worker a job needs that arrives.
//
// files: src/util/virthreadpool.c
// aims: virThreadPoolSendJob

@ send @
typedef virThreadPool;
identifier pool, priority;
symbol false;
@@
 virThreadPoolSendJob(virThreadPool *pool, unsigned int priority, ...)
 {
     ...
-    if (pool->freeWorkers <= pool->jobQueueDepth &&
-        pool->nWorkers < pool->maxWorkers &&
-        virThreadPoolExpand(pool, 1, false) < 0)
+    if (virThreadPoolGrow(pool, priority) < 0)
         return -1;
     ...
     pool->jobQueueDepth++;
+    if (priority)
+        pool->prioQueueDepth++;
     ...
 }
