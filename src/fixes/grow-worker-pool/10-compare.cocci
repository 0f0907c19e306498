// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The difference of two unsigned numbers is never negative.
//
// files: src/util/virthreadpool.c
// aims: virThreadPoolSendJob

@@
identifier pool;
@@
-pool->freeWorkers - pool->jobQueueDepth <= 0
+pool->freeWorkers <= pool->jobQueueDepth
