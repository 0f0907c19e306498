// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How many priority workers are idle, and how many jobs wait for one.
//
// files: src/util/virthreadpool.c
// aims: _virThreadPool

@@
@@
 struct _virThreadPool {
     ...
     size_t jobQueueDepth;
+    size_t prioQueueDepth;
     ...
     size_t maxPrioWorkers;
+    size_t freePrioWorkers;
     size_t nPrioWorkers;
     ...
 };
