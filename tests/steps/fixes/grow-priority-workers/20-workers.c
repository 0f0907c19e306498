/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void virThreadPoolWorker(void *opaque)
{
    demoData *data = opaque;
    virThreadPool *pool = data->pool;
    bool priority = data->priority;
    size_t *curWorkers = priority ? &pool->nPrioWorkers : &pool->nWorkers;
    size_t *maxLimit = priority ? &pool->maxPrioWorkers : &pool->maxWorkers;
    virThreadPoolJob *job = NULL;

    while (1) {
        if (virThreadPoolWorkerQuitHelper(*curWorkers, *maxLimit))
            goto out;
        while (!pool->quit && demoIdle(pool)) {
            if (!priority)
                pool->freeWorkers++;
            if (virCondWait(data->cond, &pool->mutex) < 0) {
                if (!priority)
                    pool->freeWorkers--;
                goto out;
            }
            demoWoken(pool);
            if (!priority)
                pool->freeWorkers--;

            if (virThreadPoolWorkerQuitHelper(*curWorkers, *maxLimit))
                goto out;
        }

        job = demoFirst(pool);
        pool->jobQueueDepth--;
        demoRun(job);
    }

 out:
    if (priority)
        pool->nPrioWorkers--;
    else
        pool->nWorkers--;
}
