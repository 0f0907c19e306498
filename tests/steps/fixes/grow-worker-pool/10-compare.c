/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
virThreadPoolSendJob(virThreadPool *pool)
{
    if (pool->freeWorkers - pool->jobQueueDepth <= 0 &&
        pool->nWorkers < pool->maxWorkers &&
        demoExpand(pool) < 0)
        return -1;

    return pool->freeWorkers - pool->nPrioWorkers <= 0;
}
