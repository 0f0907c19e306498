/*
 * virthreadpooltest.c: test which worker executes which job of a thread pool
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <config.h>

#include "testutils.h"
#include "virthread.h"
#include "virthreadpool.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* What is expected to happen happens within that time, in ms. */
#define TEST_DEADLINE (10 * 1000ull)

typedef struct _testPool testPool;
struct _testPool {
    virThreadPool *pool;
    virMutex mutex;
    virCond cond;
    size_t started;             /* jobs which have been started */
    size_t done;                /* and those of them which have ended */
    size_t allowed;             /* how many may end */
};


static void
testJob(void *job G_GNUC_UNUSED,
        void *opaque)
{
    testPool *data = opaque;
    VIR_LOCK_GUARD lock = virLockGuardLock(&data->mutex);

    data->started++;
    virCondBroadcast(&data->cond);
    while (data->allowed == 0)
        ignore_value(virCondWait(&data->cond, &data->mutex));
    data->allowed--;
    data->done++;
    virCondBroadcast(&data->cond);
}


/* Sends so many jobs of @priority. */
static int
testSend(testPool *data,
         size_t njobs,
         unsigned int priority)
{
    size_t i;

    for (i = 0; i < njobs; i++) {
        if (virThreadPoolSendJob(data->pool, priority, data) < 0) {
            fprintf(stderr, "a job was refused\n");
            return -1;
        }
    }

    return 0;
}


/* Waits until @what is @expected. */
static int
testReaches(testPool *data,
            const char *name,
            size_t *what,
            size_t expected)
{
    unsigned long long then = virTimeMonotonicMillis() + TEST_DEADLINE;
    VIR_LOCK_GUARD lock = virLockGuardLock(&data->mutex);

    while (*what != expected) {
        if (virCondWaitUntil(&data->cond, &data->mutex, then) < 0) {
            fprintf(stderr, "%zu jobs %s, expected %zu\n", *what, name, expected);
            return -1;
        }
    }

    return 0;
}


static void
testAllow(testPool *data,
          size_t njobs)
{
    VIR_LOCK_GUARD lock = virLockGuardLock(&data->mutex);

    data->allowed += njobs;
    virCondBroadcast(&data->cond);
}


/* Waits until there are @expected priority workers. */
static int
testPriorityWorkers(testPool *data,
                    size_t expected)
{
    unsigned long long then = virTimeMonotonicMillis() + TEST_DEADLINE;
    size_t got;

    while ((got = virThreadPoolGetPriorityWorkers(data->pool)) != expected) {
        if (virTimeMonotonicMillis() > then) {
            fprintf(stderr, "%zu priority workers, expected %zu\n", got, expected);
            return -1;
        }
        g_usleep(1000);
    }

    return 0;
}


static int
testPoolInit(testPool *data,
             size_t minWorkers,
             size_t maxWorkers,
             size_t prioWorkers)
{
    memset(data, 0, sizeof(*data));

    if (virMutexInit(&data->mutex) < 0)
        return -1;

    if (virCondInit(&data->cond) < 0) {
        virMutexDestroy(&data->mutex);
        return -1;
    }

    if (!(data->pool = virThreadPoolNewFull(minWorkers, maxWorkers, prioWorkers,
                                            testJob, "test", NULL, data))) {
        virCondDestroy(&data->cond);
        virMutexDestroy(&data->mutex);
        return -1;
    }

    return 0;
}


static void
testPoolClear(testPool *data)
{
    testAllow(data, SIZE_MAX / 2);
    virThreadPoolFree(data->pool);
    virCondDestroy(&data->cond);
    virMutexDestroy(&data->mutex);
}


/* More jobs than there are workers are sent at once. */
static int
testGrow(const void *opaque G_GNUC_UNUSED)
{
    testPool data;
    int ret = -1;

    if (testPoolInit(&data, 1, 4, 0) < 0)
        return -1;

    if (testSend(&data, 5, 0) == 0 &&
        testReaches(&data, "started", &data.started, 4) == 0)
        ret = 0;

    testPoolClear(&data);
    return ret;
}


/* All normal workers wait, and all priority workers. */
static int
testGrowPriority(const void *opaque G_GNUC_UNUSED)
{
    testPool data;
    int ret = -1;

    if (testPoolInit(&data, 1, 2, 1) < 0)
        return -1;

    /* one of them finds no worker */
    if (testSend(&data, 3, 0) < 0 ||
        testReaches(&data, "started", &data.started, 2) < 0 ||
        testSend(&data, 1, 1) < 0 ||
        testReaches(&data, "started", &data.started, 3) < 0)
        goto cleanup;

    /* one worker for each of these, and no more than that */
    if (testSend(&data, 1, 1) < 0 ||
        testReaches(&data, "started", &data.started, 4) < 0 ||
        testSend(&data, 1, 1) < 0 ||
        testReaches(&data, "started", &data.started, 5) < 0 ||
        testSend(&data, 1, 1) < 0 ||
        testPriorityWorkers(&data, 3) < 0)
        goto cleanup;

    /* two are left in the queue */
    testAllow(&data, 7);
    if (testReaches(&data, "done", &data.done, 7) < 0 ||
        testPriorityWorkers(&data, 1) < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    testPoolClear(&data);
    return ret;
}


static int
mymain(void)
{
    int ret = 0;

    if (virTestRun("pool grows while jobs are queued", testGrow, NULL) < 0)
        ret = -1;
    if (virTestRun("jobs of high priority find a worker", testGrowPriority, NULL) < 0)
        ret = -1;

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
