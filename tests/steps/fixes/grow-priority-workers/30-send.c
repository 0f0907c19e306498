/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int virThreadPoolSendJob(virThreadPool *pool,
                         unsigned int priority,
                         void *jobData)
{
    virThreadPoolJob *job;

    if (pool->quit)
        return -1;

    if (pool->freeWorkers <= pool->jobQueueDepth &&
        pool->nWorkers < pool->maxWorkers &&
        virThreadPoolExpand(pool, 1, false) < 0)
        return -1;

    job = demoJob(jobData);
    demoQueue(pool, job);
    pool->jobQueueDepth++;

    demoSignal(pool);

    return 0;
}

int
demoSetParameters(virThreadPool *pool)
{
    if (pool->nWorkers < pool->maxWorkers &&
        virThreadPoolExpand(pool, 1, false) < 0)
        return -1;

    return 0;
}
