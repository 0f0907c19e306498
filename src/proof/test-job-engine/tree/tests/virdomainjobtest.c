/*
 * virdomainjobtest.c: tests of the job functions with real threads
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every case is a list of steps. A step makes one thread call one function
 * while the others keep doing what they were doing, and then compares what has
 * become of the domain's jobs and of the threads with what is expected.
 *
 * No time is involved: the clock does what a step says. All threads run with the domain locked and only a wait
 * inside of the job functions lets go of the lock. These waits are intercepted,
 * so it is known which thread waits for which condition and whether it has been
 * woken up. A step is over as soon as each thread either returned or waits and
 * was not woken up: nothing can change anymore until the next step. A thread
 * which hangs is seen at once, and so is one which does not wait although it
 * should. After each step, all threads which wait for a job are woken up
 * spuriously. That must not change anything, or else somebody could have gone
 * on and was not told.
 */

#include <config.h>

#include "testutils.h"
#include "testutilsqemu.h"
#include "qemumonitortestutils.h"
#include "virdomainjob.h"
#include "virerror.h"
#include "virmock.h"
#include "virthread.h"
#include "virtime.h"
#include "virxml.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_domainjob.h"
#include "qemu/qemu_migration.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* For how long threads may be busy with a single step. Only a runaway thread
 * makes it matter. */
#define TEST_DEADLINE (60 * 1000ull)

/* in ms */
#define TEST_HOUR (60 * 60 * 1000)

/* The flood: so many threads query the domain in a tight loop while the async
 * job becomes interruptible and stops being so this many times, which takes a
 * few hundred jobs. */
#define TEST_FLOOD_THREADS 8
#define TEST_FLOOD_ROUNDS 50
#define TEST_FLOOD_JOBS 100000

/* For how long testBeginBriefly() waits, in ms */
#define TEST_BRIEFLY 2000

/* Names of the threads. The first one is the main thread, which does what is
 * not done by a job: it delivers events. */
enum {
    EVENT,
    OWNER,
    OTHER,
    FIRST,
    SECOND,
    THIRD,

    TEST_THREADS
};

static const char *testThreadNames[] = {
    "event", "owner", "other", "first", "second", "third"
};

G_STATIC_ASSERT(G_N_ELEMENTS(testThreadNames) == TEST_THREADS);

typedef struct _testData testData;
typedef struct _testThread testThread;

typedef int (*testFunc)(testData *data,
                        int arg);

struct _testThread {
    testData *data;
    const char *name;
    virThread thread;
    unsigned int ticks;         /* this thread is ahead of time, in ms */

    /* Everything below is guarded by the domain lock. */
    unsigned long long id;
    virCond cond;               /* signalled when there is something to do */
    bool quit;

    testFunc func;              /* NULL if there is nothing to do */
    int arg;
    bool returned;              /* @func returned in the current step */
    int rc;
    char *error;

    virCond *waiting;           /* the condition this thread waits for */
    bool woken;                 /* the wait is over */
    bool timeout;               /* the wait is over because of a timeout */
    bool limited;               /* the wait has a deadline */
    unsigned long long deadline; /* of the first wait of @func */
    bool deadlineMoved;         /* another wait had a different one */
    bool deadlineOdd;           /* it is not on the monotonic clock */
};

struct _testData {
    virDomainObj *vm;
    testThread *threads;
    size_t nthreads;

    /* Everything below is guarded by the domain lock. */
    virCond progress;           /* broadcast when a thread returns or waits */
    bool cancel;                /* the case failed, let everybody go */
    unsigned long long passed;  /* so much time has passed in the case, in ms */
    long long clockStep;        /* the system's clock was set by that, in ms */

    /* the flood */
    size_t jobs;                /* number of jobs started so far */
    size_t running;             /* number of jobs running */
    bool exclusive;             /* no job is supposed to run */
    bool stop;
};

typedef struct _testStep testStep;
struct _testStep {
    int who;
    testFunc func;
    int arg;
    /* What the step leads to:
     *
     *   JOB:OWNER[:given-up] ASYNC-JOB:OWNER:open|closed [agent=JOB:OWNER] QUEUED ...
     *
     * THREAD=RESULT for each thread which returned in this step or THREAD=wait
     * for each thread which is waiting, and | ERROR for each error which was
     * reported. "JOB" and "ASYNC" stand for the names of what the case is run
     * with, and "TID" for the ID of a thread. */
    const char *expect;
};

/* Stand for what the case is run with. */
#define JOB -1
#define ASYNC -2

typedef struct _testCase testCase;
struct _testCase {
    const char *name;
    const testStep *steps;
    const char *warning;        /* part of the one warning it logs */
    virDomainJob job;
    virDomainAsyncJob async;
};

static virQEMUDriver driver;
static qemuMonitorTest *monitor;
static qemuMonitorTest *agent;

/* The case which is running. Set while there are no other threads. */
static testData *current;

static GPrivate testSelf = G_PRIVATE_INIT(NULL);


/*
 * Interception of waits
 */

static int (*real_virCondWait)(virCond *c, virMutex *m);
static int (*real_virCondWaitUntil)(virCond *c, virMutex *m,
                                    unsigned long long whenms);
static void (*real_virCondSignal)(virCond *c);
static void (*real_virCondBroadcast)(virCond *c);
static int (*real_virTimeMillisNow)(unsigned long long *now);
static unsigned long long (*real_virTimeMonotonicMillis)(void);


static void
init_syms(void)
{
    if (real_virCondBroadcast)
        return;

    VIR_MOCK_REAL_INIT(virCondWait);
    VIR_MOCK_REAL_INIT(virCondWaitUntil);
    VIR_MOCK_REAL_INIT(virCondSignal);
    VIR_MOCK_REAL_INIT(virCondBroadcast);
    VIR_MOCK_REAL_INIT(virTimeMillisNow);
    VIR_MOCK_REAL_INIT(virTimeMonotonicMillis);
}


static bool
testIsJobCond(virCond *c)
{
    return current &&
           (c == &current->vm->cond ||
            c == &current->vm->job->cond ||
            c == &current->vm->job->asyncCond);
}


/* Waits for @c until another thread says that the wait is over. A thread must
 * not go on because of a wakeup which comes from nowhere, as the outcome of a
 * step would depend on it. */
static int
testThreadWait(testThread *self,
               virCond *c,
               virMutex *m,
               unsigned long long deadline)
{
    self->waiting = c;
    self->woken = false;

    self->limited = deadline > 0;
    if (deadline) {
        if (self->deadline && self->deadline != deadline)
            self->deadlineMoved = true;
        self->deadline = deadline;

        if (deadline > virTimeMonotonicMillis() + TEST_DEADLINE)
            self->deadlineOdd = true;
    }

    real_virCondBroadcast(&self->data->progress);

    while (!self->woken && !self->data->cancel) {
        if (real_virCondWait(c, m) < 0)
            break;
    }

    self->waiting = NULL;

    if (!self->woken) {
        errno = ECANCELED;
        return -1;
    }

    if (self->timeout) {
        self->timeout = false;
        errno = ETIMEDOUT;
        return -1;
    }

    return 0;
}


int
virCondWait(virCond *c,
            virMutex *m)
{
    testThread *self = g_private_get(&testSelf);

    init_syms();

    if (self && testIsJobCond(c))
        return testThreadWait(self, c, m, 0);

    return real_virCondWait(c, m);
}


int
virCondWaitUntil(virCond *c,
                 virMutex *m,
                 unsigned long long whenms)
{
    testThread *self = g_private_get(&testSelf);

    init_syms();

    if (self && testIsJobCond(c))
        return testThreadWait(self, c, m, whenms);

    return real_virCondWaitUntil(c, m, whenms);
}


void
virCondSignal(virCond *c)
{
    size_t i;

    init_syms();

    if (!testIsJobCond(c)) {
        real_virCondSignal(c);
        return;
    }

    /* Wake up one thread, and always the same. */
    for (i = 0; i < current->nthreads; i++) {
        if (current->threads[i].waiting == c && !current->threads[i].woken) {
            current->threads[i].woken = true;
            break;
        }
    }

    real_virCondBroadcast(c);
}


void
virCondBroadcast(virCond *c)
{
    size_t i;

    init_syms();

    if (testIsJobCond(c)) {
        for (i = 0; i < current->nthreads; i++) {
            if (current->threads[i].waiting == c)
                current->threads[i].woken = true;
        }
    }

    real_virCondBroadcast(c);
}


int
virTimeMillisNow(unsigned long long *now)
{
    init_syms();

    if (real_virTimeMillisNow(now) < 0)
        return -1;

    if (current)
        *now += current->passed + current->clockStep;

    return 0;
}


/* No thread sees the same time twice. */
unsigned long long
virTimeMonotonicMillis(void)
{
    testThread *self = g_private_get(&testSelf);
    unsigned long long now;

    init_syms();

    now = real_virTimeMonotonicMillis();

    if (current)
        now += current->passed;

    if (self)
        now += ++self->ticks;

    return now;
}


/*
 * Threads
 */

/* Returns the last error of the calling thread, or NULL. */
static char *
testErrorMessage(testData *data)
{
    virErrorPtr err = virGetLastError();
    g_autofree char *message = NULL;
    size_t i;

    if (!err || err->code == VIR_ERR_OK)
        return NULL;

    /* without what virErrorMsg() makes of the code */
    message = g_strdup(NULLSTR(err->str2));
    virResetLastError();

    for (i = OWNER; i < data->nthreads; i++) {
        g_autofree char *id = g_strdup_printf("%llu", data->threads[i].id);
        char *replaced = virStringReplace(message, id, "TID");

        g_free(message);
        message = replaced;
    }

    return g_steal_pointer(&message);
}


static void
testThreadRun(void *opaque)
{
    testThread *self = opaque;
    testData *data = self->data;

    g_private_set(&testSelf, self);
    virObjectLock(data->vm);
    self->id = virThreadSelfID();
    virCondBroadcast(&data->progress);

    while (!self->quit) {
        if (!self->func) {
            ignore_value(virCondWait(&self->cond, &data->vm->parent.lock));
            continue;
        }

        self->deadline = 0;
        self->deadlineMoved = false;
        self->deadlineOdd = false;
        self->rc = self->func(data, self->arg);
        self->error = testErrorMessage(data);
        self->func = NULL;
        self->returned = true;
        virCondBroadcast(&data->progress);
    }

    virObjectUnlock(data->vm);
}


/* Tells whether nothing is going to change before the next step. */
static bool
testIsAtRest(testData *data,
             testThread *except)
{
    size_t i;

    for (i = OWNER; i < data->nthreads; i++) {
        testThread *thread = &data->threads[i];

        if (thread == except)
            continue;

        if (thread->id == 0 ||
            (thread->func && (!thread->waiting || thread->woken)))
            return false;
    }

    return true;
}


static void
testRest(testData *data)
{
    unsigned long long then = real_virTimeMonotonicMillis() + TEST_DEADLINE;

    while (!testIsAtRest(data, NULL)) {
        if (virCondWaitUntil(&data->progress, &data->vm->parent.lock, then) < 0) {
            /* There is a runaway thread, thus no way to clean up. */
            fprintf(stderr, "threads did not come to rest\n");
            abort();
        }
    }
}


static void
testThreadStart(testData *data,
                int who,
                testFunc func,
                int arg)
{
    testThread *thread = &data->threads[who];

    thread->func = func;
    thread->arg = arg;
    virCondBroadcast(&thread->cond);
}


static void
testDataFree(testData *data)
{
    size_t i;

    if (!data)
        return;

    /* Whoever waits comes back with an error. */
    data->cancel = true;
    data->stop = true;
    for (i = OWNER; i < data->nthreads; i++) {
        data->threads[i].quit = true;
        if (data->threads[i].waiting)
            virCondBroadcast(data->threads[i].waiting);
        virCondBroadcast(&data->threads[i].cond);
    }

    virObjectUnlock(data->vm);
    for (i = OWNER; i < data->nthreads; i++)
        virThreadJoin(&data->threads[i].thread);

    current = NULL;

    for (i = 0; i < data->nthreads; i++) {
        virCondDestroy(&data->threads[i].cond);
        g_free(data->threads[i].error);
    }

    virCondDestroy(&data->progress);
    virObjectUnref(data->vm);
    g_free(data->threads);
    g_free(data);
}


/* Creates a running domain, locked, and threads which have nothing to do. */
static testData *
testDataNew(size_t nthreads)
{
    testData *data = g_new0(testData, 1);
    virDomainDef *def;
    size_t i;

    if (!(data->vm = virDomainObjNew(driver.xmlopt)) ||
        !(def = virDomainDefNew(driver.xmlopt)))
        abort();

    def->name = g_strdup("test");
    def->id = 1;
    def->virtType = VIR_DOMAIN_VIRT_QEMU;
    def->os.type = VIR_DOMAIN_OSTYPE_HVM;
    def->os.arch = VIR_ARCH_X86_64;
    data->vm->def = def;
    virDomainObjSetState(data->vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);

    if (virCondInit(&data->progress) < 0)
        abort();

    data->threads = g_new0(testThread, nthreads);
    data->nthreads = nthreads;
    current = data;

    for (i = 0; i < nthreads; i++) {
        testThread *thread = &data->threads[i];

        thread->data = data;
        thread->name = i < TEST_THREADS ? testThreadNames[i] : "flood";

        if (virCondInit(&thread->cond) < 0)
            abort();
    }

    for (i = OWNER; i < nthreads; i++) {
        testThread *thread = &data->threads[i];

        if (virThreadCreateFull(&thread->thread, true, testThreadRun,
                                thread->name, false, thread) < 0)
            abort();
    }

    testRest(data);
    return data;
}


static const char *
testDataOwner(testData *data,
              unsigned long long id)
{
    size_t i;

    if (id == 0)
        return "nobody";

    for (i = OWNER; i < data->nthreads; i++) {
        if (data->threads[i].id == id)
            return data->threads[i].name;
    }

    return "stranger";
}


static char *
testDataFormat(testData *data,
               bool results)
{
    virDomainJobObj *job = data->vm->job;
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    size_t i;

    virBufferAdd(&buf, virDomainJobTypeToString(job->active), -1);
    if (job->active)
        virBufferAsprintf(&buf, ":%s", testDataOwner(data, job->owner));
    if (job->givenUp)
        virBufferAddLit(&buf, ":given-up");

    virBufferAsprintf(&buf, " %s", virDomainAsyncJobTypeToString(job->asyncJob));
    if (job->asyncJob) {
        virBufferAsprintf(&buf, ":%s:%s",
                          testDataOwner(data, job->asyncOwner),
                          virDomainAsyncJobIsInterruptible(job) ? "open" : "closed");
    } else if (job->asyncInterruptible) {
        virBufferAddLit(&buf, ":open");
    }

    if (job->agentActive) {
        virBufferAsprintf(&buf, " agent=%s:%s",
                          virDomainAgentJobTypeToString(job->agentActive),
                          testDataOwner(data, job->agentOwner));
    }

    virBufferAsprintf(&buf, " %d", job->jobsQueued);

    for (i = 0; i < data->nthreads; i++) {
        testThread *thread = &data->threads[i];

        if (thread->func) {
            virBufferAsprintf(&buf, " %s=wait", thread->name);
        } else if (results && thread->returned) {
            virBufferAsprintf(&buf, " %s=%d", thread->name, thread->rc);
        } else {
            continue;
        }

        if (thread->deadlineMoved)
            virBufferAddLit(&buf, "(deadline moved)");
        if (thread->deadlineOdd)
            virBufferAddLit(&buf, "(wrong clock)");
    }

    for (i = 0; results && i < data->nthreads; i++) {
        if (data->threads[i].error)
            virBufferAsprintf(&buf, " | %s", data->threads[i].error);
    }

    return virBufferContentAndReset(&buf);
}


/*
 * What threads can do
 */

static int
testBegin(testData *data, int job)
{
    return virDomainObjBeginJob(data->vm, job);
}


static int
testBeginNowait(testData *data, int job)
{
    return virDomainObjBeginJobNowait(data->vm, job);
}


/* Does not wait for long. */
static int
testBeginBriefly(testData *data, int job)
{
    return virDomainObjBeginJobTimeout(data->vm, job, TEST_BRIEFLY);
}


static int
testEnd(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjEndJob(data->vm);
    return 0;
}


static int
testBeginAgent(testData *data, int job)
{
    return virDomainObjBeginAgentJob(data->vm, job);
}


static int
testEndAgent(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjEndAgentJob(data->vm);
    return 0;
}


static int
testBeginAsync(testData *data, int job)
{
    return virDomainObjBeginAsyncJob(data->vm, job,
                                     VIR_DOMAIN_JOB_OPERATION_UNKNOWN, 0);
}


static int
testEndAsync(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjEndAsyncJob(data->vm);
    return 0;
}


static int
testEnter(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjEnterInterruptible(data->vm);
    return 0;
}


static int
testExit(testData *data, int arg G_GNUC_UNUSED)
{
    return virDomainObjExitInterruptible(data->vm);
}


static int
testEnterQemu(testData *data, int arg G_GNUC_UNUSED)
{
    qemuDomainObjEnterInterruptible(data->vm);
    return 0;
}


static int
testExitQemu(testData *data, int arg G_GNUC_UNUSED)
{
    return qemuDomainObjExitInterruptible(data->vm);
}


static int
testEnterRemote(testData *data, int arg G_GNUC_UNUSED)
{
    qemuDomainObjEnterRemote(data->vm);
    virObjectLock(data->vm);
    return 0;
}


static int
testExitRemote(testData *data, int checkActive)
{
    virObjectUnlock(data->vm);
    return qemuDomainObjExitRemote(data->vm, checkActive);
}


static int
testEnterAgent(testData *data, int arg G_GNUC_UNUSED)
{
    qemuDomainObjPrivate *priv = data->vm->privateData;

    priv->agent = qemuMonitorTestGetAgent(agent);
    virObjectUnlock(qemuDomainObjEnterAgent(data->vm));
    virObjectLock(data->vm);
    priv->agent = NULL;
    return 0;
}


static int
testExitAgent(testData *data, int arg G_GNUC_UNUSED)
{
    virObjectUnlock(data->vm);
    virObjectLock(qemuMonitorTestGetAgent(agent));
    qemuDomainObjExitAgent(data->vm, qemuMonitorTestGetAgent(agent));
    return 0;
}


static int
testMonitor(testData *data, int arg G_GNUC_UNUSED)
{
    qemuDomainObjPrivate *priv = data->vm->privateData;

    priv->mon = qemuMonitorTestGetMonitor(monitor);
    qemuDomainObjEnterMonitor(data->vm);
    qemuDomainObjExitMonitor(data->vm);
    priv->mon = NULL;
    return 0;
}


static int
testWait(testData *data, int arg G_GNUC_UNUSED)
{
    return qemuDomainObjWait(data->vm);
}


static int
testStartPhase(testData *data, int phase)
{
    return qemuDomainObjStartJobPhase(data->vm, phase);
}


static int
testRelease(testData *data, int arg G_GNUC_UNUSED)
{
    qemuDomainObjReleaseAsyncJob(data->vm);
    return 0;
}


static int
testDiscard(testData *data, int arg G_GNUC_UNUSED)
{
    qemuDomainObjDiscardAsyncJob(data->vm);
    return 0;
}


static int
testSetMask(testData *data, int mask)
{
    qemuDomainObjSetAsyncJobMask(data->vm, mask);
    return 0;
}


/* What the handlers of a post-copy migration that fails do to the job. */
static int
testFailPostcopy(testData *data, int arg G_GNUC_UNUSED)
{
    data->vm->job->asyncPaused = true;
    return 0;
}


static int
testIsFailedPostcopy(testData *data, int arg G_GNUC_UNUSED)
{
    return virDomainObjIsFailedPostcopy(data->vm, data->vm->job);
}


/* What virDomainAbortJob does once it has its job. */
static int
testAbort(testData *data, int arg G_GNUC_UNUSED)
{
    qemuDomainObjAbortAsyncJob(data->vm);
    return 0;
}


/* What qemuProcessStop does to those who wait. */
static int
testDie(testData *data, int arg G_GNUC_UNUSED)
{
    data->vm->def->id = -1;
    virDomainObjBroadcast(data->vm);
    return 0;
}


/* What qemuProcessBeginStopJob does: as above, but the domain is still active
 * while the thread waits for its job. */
static int
testBeginStop(testData *data, int job)
{
    qemuDomainObjPrivate *priv = data->vm->privateData;
    int rc;

    priv->beingDestroyed = true;
    virDomainObjBroadcast(data->vm);
    rc = virDomainObjBeginJob(data->vm, job);
    priv->beingDestroyed = false;

    return rc;
}


/*
 * What happens to them
 */

/* Something happened to the domain. */
static int
testWakeUp(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjBroadcast(data->vm);
    return 0;
}


/* It takes too long for thread @who. */
static int
testTimeout(testData *data, int who)
{
    testThread *thread = &data->threads[who];

    if (!thread->waiting || !thread->limited) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s waits forever", thread->name);
        return -1;
    }

    thread->woken = true;
    thread->timeout = true;
    real_virCondBroadcast(thread->waiting);
    return 0;
}


/* Thread @who gives up long before SECOND, which began to wait before. */
static int
testIsBrief(testData *data, int who)
{
    if (data->threads[SECOND].deadline < data->threads[who].deadline + 10 * TEST_BRIEFLY) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s waits as long as others",
                       data->threads[who].name);
        return -1;
    }

    return 0;
}


/* Time passes, in ms. */
static int
testPassTime(testData *data, int ms)
{
    data->passed += ms;
    return 0;
}


/* The system's clock is set, by so many ms. */
static int
testSetClock(testData *data, int ms)
{
    data->clockStep += ms;
    return 0;
}


/* The migration failed in post-copy, or goes on after that. */
static int
testSetPaused(testData *data, int paused)
{
    data->vm->job->asyncPaused = paused;
    return 0;
}


/* However long it takes, thread @who goes on waiting. */
static int
testNoTimeout(testData *data, int who)
{
    testThread *thread = &data->threads[who];

    if (!thread->waiting || thread->limited) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s does not wait forever", thread->name);
        return -1;
    }

    return 0;
}


/* Sets the limit of queued jobs. */
static int
testSetLimit(testData *data, int limit)
{
    data->vm->job->maxQueuedJobs = limit;
    return 0;
}


/* The process of the domain is dying. */
static int
testBeginTermination(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjBeginTermination(data->vm);
    return 0;
}


/* It is dead. */
static int
testEndTermination(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjEndTermination(data->vm);
    return 0;
}


/* It takes too long, and thread @who is waiting for it. */
static int
testTerminationTimeout(testData *data, int who)
{
    data->vm->job->terminatingUntil = 1;
    return testTimeout(data, who);
}


/* What a list does. */
static int
testWaitBriefly(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjWaitTerminationBriefly(data->vm);
    return 0;
}


/* The guest runs on another host, and the domain will be undefined if @forGood. */
static int
testSetGone(testData *data, int forGood)
{
    virDomainObjSetGone(data->vm, VIR_DOMAIN_SHUTOFF_MIGRATED, forGood);
    return 0;
}


/* The domain is persistent. */
static int
testSetPersistent(testData *data, int arg G_GNUC_UNUSED)
{
    data->vm->persistent = 1;
    return 0;
}


/* Fails unless clients are told that the domain is in @state, or that there is
 * none if it is VIR_DOMAIN_NOSTATE. */
static int
testShown(testData *data, int state)
{
    bool running = state == VIR_DOMAIN_RUNNING;
    int reason = -1;

    if (virDomainObjIsShownActive(data->vm) != running ||
        virDomainObjIsHidden(data->vm) != (state == VIR_DOMAIN_NOSTATE) ||
        virDomainObjGetShownID(data->vm) != (running ? 1 : -1) ||
        virDomainObjGetShownState(data->vm, &reason) != (running ? state : VIR_DOMAIN_SHUTOFF) ||
        reason != (running ? VIR_DOMAIN_RUNNING_BOOTED : VIR_DOMAIN_SHUTOFF_MIGRATED))
        return -1;

    return 0;
}


/* QEMU stopped the guest to hand it over. */
static int
testBeginSwitchover(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjBeginSwitchover(data->vm);
    return 0;
}


/* It is known what became of that. */
static int
testEndSwitchover(testData *data, int arg G_GNUC_UNUSED)
{
    virDomainObjEndSwitchover(data->vm);
    return 0;
}


/* It takes too long, and thread @who is waiting for it. */
static int
testSwitchoverTimeout(testData *data, int who)
{
    testPassTime(data, VIR_JOB_SWITCHOVER_TIME);
    return testTimeout(data, who);
}


/* The daemon has been restarted and found the job in the status XML. */
static int
testRestore(testData *data, int job)
{
    qemuDomainObjRestoreAsyncJob(data->vm, job, 0, 0,
                                 VIR_DOMAIN_JOB_OPERATION_UNKNOWN,
                                 QEMU_DOMAIN_JOB_STATS_TYPE_NONE,
                                 VIR_DOMAIN_JOB_STATUS_ACTIVE,
                                 VIR_JOB_DEFAULT_MASK);
    return 0;
}


/*
 * Cases. There is one for each rule of what an async job and regular jobs may
 * expect from each other.
 */

#define ALL_JOBS (JOB_MASK(VIR_JOB_ASYNC) - 1)

static const testStep stepsNewIsClosed[] = {
    { OWNER, testBeginAsync, ASYNC,
      "none ASYNC:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none ASYNC:owner:open 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    /* nothing of the previous one is left */
    { OTHER, testBeginAsync, ASYNC,
      "none ASYNC:other:closed 1 other=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    { 0 }
};

static const testStep stepsOnlyOwner[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    { OTHER, testEnter, 0,
      "none backup:owner:closed 1 other=0" },
    { OTHER, testEnterQemu, 0,
      "none backup:owner:closed 1 other=0" },
    { OWNER, testEnter, 0,
      "none backup:owner:open 1 owner=0" },
    { OTHER, testExit, 0,
      "none backup:owner:open 1 other=0" },
    { OTHER, testExitQemu, 0,
      "none backup:owner:open 1 other=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 2 first=0" },
    /* not even the owner of the running job, which would wait for itself */
    { FIRST, testExit, 0,
      "query:first backup:owner:open 2 first=0" },
    { OTHER, testExit, 0,
      "query:first backup:owner:open 2 other=0" },
    { FIRST, testEnd, 0,
      "none backup:owner:open 1 first=0" },
    { OWNER, testExit, 0,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    /* without any async job, there is nothing to open */
    { OWNER, testEnter, 0,
      "none none 0 owner=0" },
    { OWNER, testExit, 0,
      "none none 0 owner=0" },
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "modify:first none 1 first=0" },
    { FIRST, testEnter, 0,
      "modify:first none 1 first=0" },
    { FIRST, testExit, 0,
      "modify:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsEnterTwice[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testExit, 0,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none save:owner:open 1 owner=0" },
    { OWNER, testEnter, 0,
      "none save:owner:open 1 owner=0" },
    { OWNER, testExit, 0,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsClosed[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SNAPSHOT,
      "none snapshot:owner:closed 1 owner=0" },
    { OWNER, testSetMask, ALL_JOBS,
      "none snapshot:owner:closed 1 owner=0" },
    { FIRST, testBeginNowait, JOB,
      "none snapshot:owner:closed 1 first=-1" },
    { FIRST, testBegin, JOB,
      "none snapshot:owner:closed 2 first=wait" },
    { OWNER, testEndAsync, 0,
      "JOB:first none 1 owner=0 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsOpen[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testSetMask, ALL_JOBS,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, JOB,
      "JOB:first migration out:owner:open 2 first=0" },
    { SECOND, testBeginNowait, JOB,
      "JOB:first migration out:owner:open 2 second=-1" },
    { SECOND, testBegin, JOB,
      "JOB:first migration out:owner:open 3 second=wait" },
    { FIRST, testEnd, 0,
      "JOB:second migration out:owner:open 2 first=0 second=0" },
    { SECOND, testEnd, 0,
      "none migration out:owner:open 1 second=0" },
    { OWNER, testExit, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsMask[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_IN,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testSetMask, VIR_JOB_NONE,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration in:owner:open 1 owner=0" },
    { FIRST, testBeginNowait, JOB,
      "none migration in:owner:open 1 first=-1" },
    { FIRST, testBegin, JOB,
      "none migration in:owner:open 2 first=wait" },
    /* the one which is not admitted does not block those who are */
    { SECOND, testBegin, VIR_JOB_DESTROY,
      "destroy:second migration in:owner:open 3 first=wait second=0" },
    { SECOND, testEnd, 0,
      "none migration in:owner:open 2 first=wait second=0" },
    { OWNER, testExit, 0,
      "none migration in:owner:closed 2 owner=0 first=wait" },
    { OWNER, testEndAsync, 0,
      "JOB:first none 1 owner=0 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsDefaultMask[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none backup:owner:open 1 owner=0" },
    { FIRST, testBeginNowait, VIR_JOB_QUERY,
      "query:first backup:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none backup:owner:open 1 first=0" },
    { FIRST, testBeginNowait, VIR_JOB_ABORT,
      "abort:first backup:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none backup:owner:open 1 first=0" },
    { FIRST, testBeginNowait, VIR_JOB_MODIFY,
      "none backup:owner:open 1 first=-1" },
    { FIRST, testBeginNowait, VIR_JOB_SUSPEND,
      "none backup:owner:open 1 first=-1" },
    { FIRST, testBeginNowait, VIR_JOB_MIGRATION_OP,
      "none backup:owner:open 1 first=-1" },
    { OWNER, testExit, 0,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsIsolation[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 2 first=0" },
    { OWNER, testExit, 0,
      "query:first migration out:owner:closed 2 owner=wait" },
    /* events are of no help */
    { EVENT, testWakeUp, 0,
      "query:first migration out:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none migration out:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsClosingIsAtOnce[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_DUMP,
      "none dump:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none dump:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first dump:owner:open 2 first=0" },
    /* queued before ... */
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first dump:owner:open 3 second=wait" },
    { OWNER, testExit, 0,
      "query:first dump:owner:closed 3 owner=wait second=wait" },
    /* ... and after the async job decided to go on */
    { THIRD, testBeginNowait, VIR_JOB_QUERY,
      "query:first dump:owner:closed 3 owner=wait second=wait third=-1" },
    { THIRD, testBegin, VIR_JOB_QUERY,
      "query:first dump:owner:closed 4 owner=wait second=wait third=wait" },
    { FIRST, testEnd, 0,
      "none dump:owner:closed 3 owner=0 first=0 second=wait third=wait" },
    /* not even the one who was in has an advantage */
    { FIRST, testBeginNowait, VIR_JOB_QUERY,
      "none dump:owner:closed 3 first=-1 second=wait third=wait" },
    { EVENT, testTimeout, THIRD,
      "none dump:owner:closed 2 second=wait third=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { OWNER, testEnter, 0,
      "query:second dump:owner:open 2 owner=0 second=0" },
    { SECOND, testEnd, 0,
      "none dump:owner:open 1 second=0" },
    { OWNER, testExit, 0,
      "none dump:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsClosingLimit[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 2 first=0" },
    { OWNER, testExit, 0,
      "query:first migration out:owner:closed 2 owner=wait" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:closed 3 owner=wait second=wait" },
    /* the job is the one which has to end, the async job still waits for that ... */
    { EVENT, testTimeout, OWNER,
      "query:first:given-up migration out:owner:closed 3 owner=wait second=wait" },
    { EVENT, testNoTimeout, OWNER,
      "query:first:given-up migration out:owner:closed 3 owner=wait second=wait" },
    /* ... and is the next one to have the domain */
    { THIRD, testBeginNowait, VIR_JOB_QUERY,
      "query:first:given-up migration out:owner:closed 3 owner=wait second=wait third=-1" },
    { FIRST, testEnd, 0,
      "none migration out:owner:closed 2 owner=0 first=0 second=wait" },
    /* nothing of that is left */
    { OWNER, testEnter, 0,
      "query:second migration out:owner:open 2 owner=0 second=0" },
    { OWNER, testExit, 0,
      "query:second migration out:owner:closed 2 owner=wait" },
    { SECOND, testEnd, 0,
      "none migration out:owner:closed 1 owner=0 second=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsClosingLimitWaiter[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testSetMask, ALL_JOBS,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none backup:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "modify:first backup:owner:open 2 first=0" },
    { FIRST, testWait, 0,
      "modify:first backup:owner:open 2 first=wait" },
    { OWNER, testExit, 0,
      "modify:first backup:owner:closed 2 owner=wait first=wait" },
    { EVENT, testTimeout, OWNER,
      "modify:first:given-up backup:owner:closed 2 owner=wait first=-1"
      " | the job was given up because async job 'backup' needs the domain" },
    /* nor can it wait for another event */
    { FIRST, testWait, 0,
      "modify:first:given-up backup:owner:closed 2 owner=wait first=wait" },
    { EVENT, testWakeUp, 0,
      "modify:first:given-up backup:owner:closed 2 owner=wait first=-1"
      " | the job was given up because async job 'backup' needs the domain" },
    { FIRST, testEnd, 0,
      "none backup:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsClosingLimitDestroy[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none save:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first save:owner:open 2 first=0" },
    { OWNER, testExit, 0,
      "destroy:first save:owner:closed 2 owner=wait" },
    { EVENT, testNoTimeout, OWNER,
      "destroy:first save:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none save:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsClosingLimitTermination[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none save:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first save:owner:open 2 first=0" },
    { OWNER, testExit, 0,
      "query:first save:owner:closed 2 owner=wait" },
    { EVENT, testBeginTermination, 0,
      "query:first save:owner:closed 2 owner=wait" },
    /* the query ends with the process */
    { EVENT, testNoTimeout, OWNER,
      "query:first save:owner:closed 2 owner=wait" },
    /* which may not die */
    { EVENT, testEndTermination, 0,
      "query:first save:owner:closed 2 owner=wait" },
    { EVENT, testTimeout, OWNER,
      "query:first:given-up save:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none save:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsStranded[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_IN,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testSetMask, ALL_JOBS,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration in:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "modify:first migration in:nobody:open 2 first=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "modify:first migration in:nobody:open 3 second=wait" },
    { EVENT, testSetPaused, true,
      "modify:first migration in:nobody:open 3 second=wait" },
    /* who waited for their turn before ... */
    { FIRST, testEnd, 0,
      "none migration in:nobody:open 1 first=0 second=-1"
      " | the rest of the guest's memory is on another host" },
    /* ... and who comes now, even if they would have to wait */
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none migration in:nobody:open 1 second=-1"
      " | the rest of the guest's memory is on another host" },
    { SECOND, testBeginNowait, VIR_JOB_QUERY,
      "none migration in:nobody:open 1 second=-1" },
    { OWNER, testStartPhase, QEMU_MIGRATION_PHASE_PREPARE_RESUME,
      "none migration in:owner:closed 1 owner=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none migration in:owner:closed 1 second=-1"
      " | the rest of the guest's memory is on another host" },
    { OWNER, testRelease, 0,
      "none migration in:nobody:open 1 owner=0" },
    /* others are no queries */
    { SECOND, testBegin, VIR_JOB_ABORT,
      "abort:second migration in:nobody:open 2 second=0" },
    { SECOND, testEnd, 0,
      "none migration in:nobody:open 1 second=0" },
    { EVENT, testSetPaused, false,
      "none migration in:nobody:open 1" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:second migration in:nobody:open 2 second=0" },
    { SECOND, testEnd, 0,
      "none migration in:nobody:open 1 second=0" },
    { EVENT, testDiscard, 0,
      "none none 0" },
    /* the source has all of the guest's memory */
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { EVENT, testSetPaused, true,
      "none migration out:nobody:open 1" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:second migration out:nobody:open 2 second=0" },
    { SECOND, testEnd, 0,
      "none migration out:nobody:open 1 second=0" },
    { EVENT, testDiscard, 0,
      "none none 0" },
    { 0 }
};

static const testStep stepsTakeOverLimit[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:nobody:open 2 first=0" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "query:first migration out:other:closed 2 other=wait" },
    { EVENT, testTimeout, OTHER,
      "query:first:given-up migration out:other:closed 2 other=wait" },
    { FIRST, testEnd, 0,
      "none migration out:other:closed 1 other=0 first=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    { 0 }
};

static const testStep stepsOpeningWakesAll[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_DUMP,
      "none dump:owner:closed 1 owner=0" },
    { OTHER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none dump:owner:closed 2 other=wait" },
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "none dump:owner:closed 3 other=wait first=wait" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none dump:owner:closed 4 other=wait first=wait second=wait" },
    /* the last one fits, and it would not know if only one were told */
    { OWNER, testEnter, 0,
      "query:second dump:owner:open 4 owner=0 other=wait first=wait second=0" },
    { SECOND, testEnd, 0,
      "none dump:owner:open 3 other=wait first=wait second=0" },
    { OWNER, testExit, 0,
      "none dump:owner:closed 3 owner=0 other=wait first=wait" },
    { EVENT, testTimeout, OTHER,
      "none dump:owner:closed 2 other=-1 first=wait"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { OWNER, testEndAsync, 0,
      "modify:first none 1 owner=0 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsSecondAsync[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testSetMask, ALL_JOBS,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none save:owner:open 1 owner=0" },
    { OTHER, testBeginAsync, VIR_ASYNC_JOB_DUMP,
      "none save:owner:open 2 other=wait" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first save:owner:open 3 other=wait first=0" },
    { OWNER, testExit, 0,
      "query:first save:owner:closed 3 owner=wait other=wait" },
    { FIRST, testEnd, 0,
      "none save:owner:closed 2 owner=0 other=wait first=0" },
    { OWNER, testEndAsync, 0,
      "none dump:other:closed 1 owner=0 other=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    { 0 }
};

static const testStep stepsAsyncEndsOpen[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none save:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first save:owner:open 2 first=0" },
    { OWNER, testEndAsync, 0,
      "query:first none 1 owner=0" },
    { OTHER, testBeginAsync, VIR_ASYNC_JOB_DUMP,
      "query:first none 2 other=wait" },
    { SECOND, testBeginNowait, VIR_JOB_QUERY,
      "query:first none 2 other=wait second=-1" },
    { FIRST, testEnd, 0,
      "none dump:other:closed 1 other=0 first=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    { 0 }
};

static const testStep stepsAgent[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SNAPSHOT,
      "none snapshot:owner:closed 1 owner=0" },
    { FIRST, testBeginAgent, VIR_AGENT_JOB_QUERY,
      "none snapshot:owner:closed agent=query:first 2 first=0" },
    { SECOND, testBeginAgent, VIR_AGENT_JOB_MODIFY,
      "none snapshot:owner:closed agent=query:first 3 second=wait" },
    { OWNER, testEnter, 0,
      "none snapshot:owner:open agent=query:first 3 owner=0 second=wait" },
    { THIRD, testBegin, VIR_JOB_QUERY,
      "query:third snapshot:owner:open agent=query:first 4 second=wait third=0" },
    { OWNER, testExit, 0,
      "query:third snapshot:owner:closed agent=query:first 4 owner=wait second=wait" },
    /* agent jobs come and go */
    { FIRST, testEndAgent, 0,
      "query:third snapshot:owner:closed agent=modify:second 3 owner=wait first=0 second=0" },
    { THIRD, testEnd, 0,
      "none snapshot:owner:closed agent=modify:second 2 owner=0 third=0" },
    /* the async job itself may need one */
    { OWNER, testBeginAgent, VIR_AGENT_JOB_MODIFY,
      "none snapshot:owner:closed agent=modify:second 3 owner=wait" },
    { SECOND, testEndAgent, 0,
      "none snapshot:owner:closed agent=modify:owner 2 owner=0 second=0" },
    { OWNER, testEndAgent, 0,
      "none snapshot:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsLimit[] = {
    { EVENT, testSetLimit, 2,
      "none none 0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none backup:owner:closed 2 first=wait" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none backup:owner:closed 2 first=wait second=-1"
      " | cannot acquire state change lock (held by monitor=owner) due to max_queued limit" },
    { THIRD, testBegin, VIR_JOB_DESTROY,
      "none backup:owner:closed 3 first=wait third=wait" },
    { EVENT, testTimeout, THIRD,
      "none backup:owner:closed 2 first=wait third=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { OWNER, testEnter, 0,
      "query:first backup:owner:open 2 owner=0 first=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 2 second=-1"
      " | cannot acquire state change lock (held by monitor=first) due to max_queued limit" },
    { OWNER, testExit, 0,
      "query:first backup:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none backup:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsLimitAsync[] = {
    { EVENT, testSetLimit, 1,
      "none none 0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first none 1 first=0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "query:first none 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none backup:owner:closed 1 owner=0 first=0" },
    { OWNER, testEnter, 0,
      "none backup:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first backup:owner:open 2 first=0" },
    { OWNER, testExit, 0,
      "destroy:first backup:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none backup:owner:closed 1 owner=0 first=0" },
    { OWNER, testRelease, 0,
      "none backup:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first backup:nobody:open 2 first=0" },
    { OTHER, testStartPhase, 0,
      "destroy:first backup:other:closed 2 other=wait" },
    { FIRST, testEnd, 0,
      "none backup:other:closed 1 other=0 first=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    { 0 }
};

static const testStep stepsLimitArrival[] = {
    { EVENT, testSetLimit, 3,
      "none none 0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none backup:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 2 first=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 3 second=wait" },
    /* no limit for these */
    { THIRD, testBegin, VIR_JOB_DESTROY,
      "query:first backup:owner:open 4 second=wait third=wait" },
    { OTHER, testBeginAsync, VIR_ASYNC_JOB_DUMP,
      "query:first backup:owner:open 5 other=wait second=wait third=wait" },
    { OWNER, testExit, 0,
      "query:first backup:owner:closed 5 owner=wait other=wait second=wait third=wait" },
    { FIRST, testEnd, 0,
      "none backup:owner:closed 4 owner=0 other=wait first=0 second=wait third=wait" },
    { EVENT, testTimeout, THIRD,
      "none backup:owner:closed 3 other=wait second=wait third=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { EVENT, testTimeout, OTHER,
      "none backup:owner:closed 2 other=-1 second=wait"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { OWNER, testEnter, 0,
      "query:second backup:owner:open 2 owner=0 second=0" },
    { SECOND, testEnd, 0,
      "none backup:owner:open 1 second=0" },
    { OWNER, testExit, 0,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsTimeout[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    /* the async job is in the way */
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none backup:owner:closed 2 first=wait" },
    { EVENT, testTimeout, FIRST,
      "none backup:owner:closed 1 first=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { OWNER, testEnter, 0,
      "none backup:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "none backup:owner:open 2 first=wait" },
    { EVENT, testTimeout, FIRST,
      "none backup:owner:open 1 first=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    /* a regular job is */
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 2 first=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 3 second=wait" },
    { EVENT, testTimeout, SECOND,
      "query:first backup:owner:open 2 second=-1"
      " | cannot acquire state change lock (held by monitor=first)" },
    /* both are */
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 3 second=wait" },
    { OWNER, testExit, 0,
      "query:first backup:owner:closed 3 owner=wait second=wait" },
    { EVENT, testTimeout, SECOND,
      "query:first backup:owner:closed 2 owner=wait second=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { FIRST, testEnd, 0,
      "none backup:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* There is one, no matter how often the thread has to start over. */
static const testStep stepsDeadline[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none backup:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 2 first=0" },
    /* It waits for a job first ... */
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first backup:owner:open 3 second=wait" },
    { OWNER, testExit, 0,
      "query:first backup:owner:closed 3 owner=wait second=wait" },
    /* ... and then for the async job. */
    { FIRST, testEnd, 0,
      "none backup:owner:closed 2 owner=0 first=0 second=wait" },
    { EVENT, testTimeout, SECOND,
      "none backup:owner:closed 1 second=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* Whoever can do without the job waits as others do, but not for long, and gets no
 * error. */
static const testStep stepsBriefly[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_BACKUP,
      "none backup:owner:closed 1 owner=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none backup:owner:closed 2 second=wait" },
    { FIRST, testBeginBriefly, VIR_JOB_QUERY,
      "none backup:owner:closed 3 first=wait second=wait" },
    { EVENT, testIsBrief, FIRST,
      "none backup:owner:closed 3 first=wait second=wait" },
    { EVENT, testTimeout, FIRST,
      "none backup:owner:closed 2 first=-1 second=wait" },
    { EVENT, testTimeout, SECOND,
      "none backup:owner:closed 1 second=-1"
      " | cannot acquire state change lock (held by monitor=owner)" },
    /* It does get the job in time. */
    { FIRST, testBeginBriefly, VIR_JOB_QUERY,
      "none backup:owner:closed 2 first=wait" },
    { OWNER, testEnter, 0,
      "query:first backup:owner:open 2 owner=0 first=0" },
    /* A regular job is in the way. */
    { THIRD, testBeginBriefly, VIR_JOB_QUERY,
      "query:first backup:owner:open 3 third=wait" },
    { EVENT, testTimeout, THIRD,
      "query:first backup:owner:open 2 third=-1" },
    { FIRST, testEnd, 0,
      "none backup:owner:open 1 first=0" },
    { OWNER, testExit, 0,
      "none backup:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* Two threads wait for the process. */
static const testStep stepsTermination[] = {
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first none 1 first=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first none 2 second=wait" },
    { THIRD, testBegin, VIR_JOB_MODIFY,
      "query:first none 3 second=wait third=wait" },
    { EVENT, testBeginTermination, 0,
      "query:first none 3 second=wait(deadline moved) third=wait" },
    { FIRST, testEnd, 0,
      "none none 2 first=0 second=wait(deadline moved) third=wait" },
    { FIRST, testBeginNowait, VIR_JOB_MODIFY,
      "none none 2 first=-1 second=wait(deadline moved) third=wait" },
    { FIRST, testBeginNowait, VIR_JOB_DESTROY,
      "destroy:first none 3 first=0 second=wait(deadline moved) third=wait" },
    { FIRST, testEnd, 0,
      "none none 2 first=0 second=wait(deadline moved) third=wait" },
    { EVENT, testBeginTermination, 0,
      "none none 2 second=wait(deadline moved) third=wait" },
    { EVENT, testEndTermination, 0,
      "none none 2 second=wait(deadline moved) third=wait" },
    { EVENT, testTerminationTimeout, SECOND,
      "none none 1 second=-1(deadline moved) third=wait"
      " | domain is not running" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none none 1 second=-1 third=wait | domain is not running" },
    { SECOND, testBeginNowait, VIR_JOB_QUERY,
      "none none 1 second=-1 third=wait" },
    { EVENT, testEndTermination, 0,
      "modify:third none 1 third=0" },
    { THIRD, testEnd, 0,
      "none none 0 third=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

/* It dies soon enough. */
static const testStep stepsTerminationEnds[] = {
    { EVENT, testBeginTermination, 0,
      "none none 0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none none 1 first=wait" },
    { SECOND, testBeginAgent, VIR_AGENT_JOB_QUERY,
      "none none agent=query:second 2 first=wait second=0" },
    { SECOND, testEndAgent, 0,
      "none none 1 first=wait second=0" },
    { EVENT, testEndTermination, 0,
      "query:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { EVENT, testBeginTermination, 0,
      "none none 0" },
    { FIRST, testWaitBriefly, 0,
      "none none 0 first=wait" },
    { EVENT, testTerminationTimeout, FIRST,
      "none none 0 first=0" },
    { EVENT, testEndTermination, 0,
      "none none 0" },
    { EVENT, testBeginTermination, 0,
      "none none 0" },
    { FIRST, testWaitBriefly, 0,
      "none none 0 first=wait" },
    { EVENT, testEndTermination, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsTerminationAsync[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:closed 2 first=wait" },
    { SECOND, testBegin, VIR_JOB_DESTROY,
      "none migration out:owner:closed 3 first=wait second=wait" },
    { EVENT, testBeginTermination, 0,
      "none migration out:owner:closed 3 first=wait(deadline moved) second=wait" },
    { OWNER, testEnter, 0,
      "destroy:second migration out:owner:open 3 owner=0"
      " first=wait(deadline moved) second=0" },
    { EVENT, testTerminationTimeout, FIRST,
      "destroy:second migration out:owner:open 2 first=-1(deadline moved)"
      " | domain is not running" },
    { EVENT, testEndTermination, 0,
      "destroy:second migration out:owner:open 2" },
    { SECOND, testEnd, 0,
      "none migration out:owner:open 1 second=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* A job cannot start before the process is dead, however long that takes, and
 * has all of its time then. Destroying is not kept waiting by that. */
static const testStep stepsTerminationClock[] = {
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first none 1 first=0" },
    { SECOND, testBegin, VIR_JOB_MODIFY,
      "query:first none 2 second=wait" },
    { OTHER, testBegin, VIR_JOB_DESTROY,
      "query:first none 3 other=wait second=wait" },
    { EVENT, testBeginTermination, 0,
      "query:first none 3 other=wait second=wait" },
    { EVENT, testEndTermination, 0,
      "query:first none 3 other=wait second=wait(deadline moved)" },
    { EVENT, testTimeout, SECOND,
      "query:first none 2 other=wait second=-1(deadline moved)"
      " | cannot acquire state change lock (held by monitor=first)" },
    { EVENT, testBeginTermination, 0,
      "query:first none 2 other=wait" },
    { EVENT, testTimeout, OTHER,
      "query:first none 1 other=-1"
      " | cannot acquire state change lock (held by monitor=first)" },
    { EVENT, testEndTermination, 0,
      "query:first none 1" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

/* The guest runs elsewhere: nobody waits, except for those who want it to run
 * here. */
static const testStep stepsTerminationGone[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:closed 2 first=wait" },
    { SECOND, testBegin, VIR_JOB_MODIFY,
      "none migration out:owner:closed 3 first=wait second=wait" },
    { OWNER, testBeginTermination, 0,
      "none migration out:owner:closed 3 owner=0"
      " first=wait(deadline moved) second=wait" },
    { OTHER, testWaitBriefly, 0,
      "none migration out:owner:closed 3 other=wait"
      " first=wait(deadline moved) second=wait" },
    { OWNER, testShown, VIR_DOMAIN_RUNNING,
      "none migration out:owner:closed 3 owner=0 other=wait"
      " first=wait(deadline moved) second=wait" },
    { OWNER, testSetGone, 0,
      "none migration out:owner:closed 2 owner=0 other=0"
      " first=-1(deadline moved) second=wait"
      " | no domain with matching uuid '00000000-0000-0000-0000-000000000000' (test)" },
    { OWNER, testShown, VIR_DOMAIN_NOSTATE,
      "none migration out:owner:closed 2 owner=0 second=wait" },
    { OWNER, testSetPersistent, 0,
      "none migration out:owner:closed 2 owner=0 second=wait" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:closed 2 first=-1 second=wait | domain is not running" },
    { OWNER, testShown, VIR_DOMAIN_SHUTOFF,
      "none migration out:owner:closed 2 owner=0 second=wait" },
    { OWNER, testSetGone, 1,
      "none migration out:owner:closed 2 owner=0 second=wait" },
    { OWNER, testShown, VIR_DOMAIN_NOSTATE,
      "none migration out:owner:closed 2 owner=0 second=wait" },
    { OWNER, testEndTermination, 0,
      "none migration out:owner:closed 2 owner=0 second=wait(deadline moved)" },
    { OWNER, testShown, VIR_DOMAIN_RUNNING,
      "none migration out:owner:closed 2 owner=0 second=wait(deadline moved)" },
    { OWNER, testEndAsync, 0,
      "modify:second none 1 owner=0 second=0(deadline moved)" },
    { SECOND, testEnd, 0,
      "none none 0 second=0" },
    { SECOND, testBeginTermination, 0,
      "none none 0 second=0" },
    { SECOND, testShown, 1,
      "none none 0 second=0" },
    { SECOND, testEndTermination, 0,
      "none none 0 second=0" },
    { 0 }
};

/* The one which runs goes on, newcomers wait even though the window is open. */
static const testStep stepsSwitchover[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 2 first=0" },
    { EVENT, testBeginSwitchover, 0,
      "query:first migration out:owner:open 2" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 3 second=wait" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 2 first=0 second=wait" },
    { FIRST, testBeginNowait, VIR_JOB_QUERY,
      "none migration out:owner:open 2 first=-1 second=wait" },
    { OWNER, testExit, 0,
      "none migration out:owner:closed 2 owner=0 second=wait" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 2 owner=0 second=wait" },
    { OWNER, testEndSwitchover, 0,
      "query:second migration out:owner:open 2 owner=0 second=0" },
    { SECOND, testEnd, 0,
      "none migration out:owner:open 1 second=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* The event may come while the job is closed. */
static const testStep stepsSwitchoverClosed[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:owner:closed 1" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:open 2 first=wait" },
    { OWNER, testExit, 0,
      "none migration out:owner:closed 2 owner=0 first=wait" },
    /* from now on it waits for the async job, which may take longer */
    { OWNER, testEndSwitchover, 0,
      "none migration out:owner:closed 2 owner=0 first=wait(deadline moved)" },
    { OWNER, testEnter, 0,
      "query:first migration out:owner:open 2 owner=0 first=0(deadline moved)" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* What ends it gets through. */
static const testStep stepsSwitchoverEnds[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:owner:open 1" },
    { FIRST, testBegin, VIR_JOB_ABORT,
      "abort:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsSwitchoverTimeout[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:owner:open 1" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:open 2 first=wait" },
    { EVENT, testSwitchoverTimeout, FIRST,
      "query:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* Nothing of it is left in the next async job. */
static const testStep stepsSwitchoverNew[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:owner:closed 1" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none none 0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* Once is enough, or it could go on for ever. */
static const testStep stepsSwitchoverOnce[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:owner:open 1" },
    { EVENT, testPassTime, VIR_JOB_SWITCHOVER_TIME,
      "none migration out:owner:open 1" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:owner:open 1" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* Whatever somebody does to the system's clock. */
static const testStep stepsSwitchoverClock[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:owner:open 1" },
    { EVENT, testSetClock, TEST_HOUR,
      "none migration out:owner:open 1" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:open 2 first=wait" },
    { EVENT, testSetClock, - 2 * TEST_HOUR,
      "none migration out:owner:open 2 first=wait" },
    { EVENT, testSwitchoverTimeout, FIRST,
      "query:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* If nobody owns the job nobody hands the guest over, nor ends the switchover. */
static const testStep stepsSwitchoverUnowned[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { EVENT, testBeginSwitchover, 0,
      "none migration out:nobody:open 1" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:nobody:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:nobody:open 1 first=0" },
    { OTHER, testDiscard, 0,
      "none none 0 other=0" },
    { 0 }
};

/* The Finish phase of a migration that comes in, which is left without success. */
static const testStep stepsSwitchoverFinish[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_IN,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration in:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration in:nobody:open 2 first=0" },
    { OWNER, testStartPhase, 0,
      "query:first migration in:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none migration in:owner:closed 1 owner=0 first=0" },
    { OWNER, testBeginSwitchover, 0,
      "none migration in:owner:closed 1 owner=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none migration in:owner:closed 2 second=wait" },
    { OWNER, testEnter, 0,
      "none migration in:owner:open 2 owner=0 second=wait" },
    { OWNER, testExit, 0,
      "none migration in:owner:closed 2 owner=0 second=wait" },
    { OWNER, testEndSwitchover, 0,
      "none migration in:owner:closed 2 owner=0 second=wait(deadline moved)" },
    { OWNER, testRelease, 0,
      "query:second migration in:nobody:open 2 owner=0 second=0(deadline moved)" },
    { SECOND, testEnd, 0,
      "none migration in:nobody:open 1 second=0" },
    { OTHER, testDiscard, 0,
      "none none 0 other=0" },
    { 0 }
};

/* QEMU has been killed, the query is about to notice. */
static const testStep stepsDestroyBeforePhase[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_IN,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration in:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration in:nobody:open 2 first=0" },
    { SECOND, testBeginTermination, 0,
      "query:first migration in:nobody:open 2 second=0" },
    { SECOND, testBeginStop, VIR_JOB_DESTROY,
      "query:first migration in:nobody:open 3 second=wait" },
    { OWNER, testStartPhase, 0,
      "query:first migration in:nobody:open 3 owner=wait second=wait" },
    { FIRST, testEnd, 0,
      "destroy:second migration in:nobody:open 2 owner=wait first=0 second=0" },
    { SECOND, testEndTermination, 0,
      "destroy:second migration in:owner:closed 2 owner=wait second=0" },
    { SECOND, testDie, 0,
      "destroy:second migration in:owner:closed 2 owner=wait second=0" },
    { SECOND, testEnd, 0,
      "none none 0 owner=-1 second=0"
      " | domain is no longer running" },
    { 0 }
};

/* All is over before the next phase looks. */
static const testStep stepsDestroyTakesJob[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_IN,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration in:nobody:open 1 owner=0" },
    { SECOND, testBeginTermination, 0,
      "none migration in:nobody:open 1 second=0" },
    { OWNER, testStartPhase, 0,
      "none migration in:nobody:open 1 owner=wait" },
    { SECOND, testBeginStop, VIR_JOB_DESTROY,
      "destroy:second migration in:nobody:open 2 owner=wait second=0" },
    { SECOND, testDie, 0,
      "destroy:second migration in:nobody:open 2 owner=wait second=0" },
    { SECOND, testDiscard, 0,
      "destroy:second none 1 owner=wait second=0" },
    { SECOND, testEndTermination, 0,
      "destroy:second none 1 owner=-1 second=0"
      " | domain is no longer running" },
    { SECOND, testEnd, 0,
      "none none 0 second=0" },
    { 0 }
};

static const testStep stepsDestroyOpen[] = {
    { OWNER, testBeginAsync, ASYNC,
      "none ASYNC:owner:closed 1 owner=0" },
    { OWNER, testSetMask, VIR_JOB_NONE,
      "none ASYNC:owner:closed 1 owner=0" },
    { OWNER, testEnterQemu, 0,
      "none ASYNC:owner:open 1 owner=0" },
    { FIRST, testBeginStop, VIR_JOB_DESTROY,
      "destroy:first ASYNC:owner:open 2 first=0" },
    { FIRST, testDie, 0,
      "destroy:first ASYNC:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none ASYNC:owner:open 1 first=0" },
    { OWNER, testExitQemu, 0,
      "none ASYNC:owner:closed 1 owner=-1"
      " | domain is not running" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsDestroyWaits[] = {
    { OWNER, testBeginAsync, ASYNC,
      "none ASYNC:owner:closed 1 owner=0" },
    { OWNER, testSetMask, VIR_JOB_NONE,
      "none ASYNC:owner:closed 1 owner=0" },
    { FIRST, testBeginStop, VIR_JOB_DESTROY,
      "none ASYNC:owner:closed 2 first=wait" },
    { OWNER, testWait, 0,
      "destroy:first ASYNC:owner:open 2 owner=wait first=0" },
    { FIRST, testDie, 0,
      "destroy:first ASYNC:owner:closed 2 owner=wait first=0" },
    { FIRST, testEnd, 0,
      "none ASYNC:owner:closed 1 owner=-1 first=0"
      " | domain is not running" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsDestroyEnds[] = {
    { OWNER, testBeginAsync, ASYNC,
      "none ASYNC:owner:closed 1 owner=0" },
    { FIRST, testBeginStop, VIR_JOB_DESTROY,
      "none ASYNC:owner:closed 2 first=wait" },
    { OWNER, testEndAsync, 0,
      "destroy:first none 1 owner=0 first=0" },
    { FIRST, testDie, 0,
      "destroy:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsDestroyQueued[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnterQemu, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 2 first=0" },
    { SECOND, testBeginStop, VIR_JOB_DESTROY,
      "query:first migration out:owner:open 3 second=wait" },
    { OWNER, testExitQemu, 0,
      "query:first migration out:owner:closed 3 owner=wait second=wait" },
    /* It did not make it, but the async job knows that it better gives up. */
    { FIRST, testEnd, 0,
      "none migration out:owner:closed 2 owner=-1 first=0 second=wait"
      " | domain is not running" },
    { OWNER, testEndAsync, 0,
      "destroy:second none 1 owner=0 second=0" },
    { SECOND, testEnd, 0,
      "none none 0 second=0" },
    { 0 }
};

static const testStep stepsDiesOpen[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnterQemu, 0,
      "none save:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first save:owner:open 2 first=0" },
    { FIRST, testDie, 0,
      "destroy:first save:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none save:owner:open 1 first=0" },
    { OWNER, testExitQemu, 0,
      "none save:owner:closed 1 owner=-1"
      " | domain is not running" },
    { SECOND, testBeginNowait, VIR_JOB_QUERY,
      "none save:owner:closed 1 second=-1" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsDiesClosing[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnterQemu, 0,
      "none save:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first save:owner:open 2 first=0" },
    { OWNER, testExitQemu, 0,
      "destroy:first save:owner:closed 2 owner=wait" },
    /* It must not go on before the domain is really down. */
    { FIRST, testDie, 0,
      "destroy:first save:owner:closed 2 owner=wait first=0" },
    { FIRST, testEnd, 0,
      "none save:owner:closed 1 owner=-1 first=0"
      " | domain is not running" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

/* The job functions on their own only know about jobs. */
static const testStep stepsDiesUnnoticed[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SAVE,
      "none save:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none save:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first save:owner:open 2 first=0" },
    { OWNER, testExit, 0,
      "destroy:first save:owner:closed 2 owner=wait" },
    { FIRST, testDie, 0,
      "destroy:first save:owner:closed 2 owner=wait first=0" },
    { FIRST, testEnd, 0,
      "none save:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsWait[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_DUMP,
      "none dump:owner:closed 1 owner=0" },
    { OWNER, testWait, 0,
      "none dump:owner:open 1 owner=wait" },
    { EVENT, testWakeUp, 0,
      "none dump:owner:closed 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none dump:owner:closed 2 first=wait" },
    { OWNER, testWait, 0,
      "query:first dump:owner:open 2 owner=wait first=0" },
    /* the end of a job is none of the events it waits for */
    { FIRST, testEnd, 0,
      "none dump:owner:open 1 owner=wait first=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first dump:owner:open 2 owner=wait first=0" },
    { EVENT, testWakeUp, 0,
      "query:first dump:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none dump:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsWaitRegular[] = {
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "modify:first none 1 first=0" },
    { FIRST, testWait, 0,
      "modify:first none 1 first=wait" },
    { EVENT, testWakeUp, 0,
      "modify:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_DUMP,
      "none dump:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none dump:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first dump:owner:open 2 first=0" },
    { FIRST, testWait, 0,
      "query:first dump:owner:open 2 first=wait" },
    { OWNER, testExit, 0,
      "query:first dump:owner:closed 2 owner=wait first=wait" },
    { EVENT, testWakeUp, 0,
      "query:first dump:owner:closed 2 owner=wait first=0" },
    { FIRST, testEnd, 0,
      "none dump:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsWaitDestroy[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testWait, 0,
      "none migration out:owner:open 1 owner=wait" },
    { FIRST, testBeginStop, VIR_JOB_DESTROY,
      "destroy:first migration out:owner:closed 2 owner=wait first=0" },
    { FIRST, testDie, 0,
      "destroy:first migration out:owner:closed 2 owner=wait first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:closed 1 owner=-1 first=0"
      " | domain is not running" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsAbort[] = {
    { OWNER, testBeginAsync, ASYNC,
      "none ASYNC:owner:closed 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_ABORT,
      "none ASYNC:owner:closed 2 first=wait" },
    { OWNER, testWait, 0,
      "abort:first ASYNC:owner:open 2 owner=wait first=0" },
    { FIRST, testAbort, 0,
      "abort:first ASYNC:owner:closed 2 owner=wait first=0" },
    { FIRST, testEnd, 0,
      "none ASYNC:owner:closed 1 owner=0 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsRemote[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:closed 2 first=wait" },
    { OWNER, testEnterRemote, 0,
      "query:first migration out:owner:open 2 owner=0 first=0" },
    { OWNER, testExitRemote, true,
      "query:first migration out:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none migration out:owner:closed 1 owner=0 first=0" },
    { OWNER, testEnterRemote, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first migration out:owner:open 2 first=0" },
    { FIRST, testDie, 0,
      "destroy:first migration out:owner:open 2 first=0" },
    { OWNER, testExitRemote, true,
      "destroy:first migration out:owner:closed 2 owner=wait" },
    { FIRST, testEnd, 0,
      "none migration out:owner:closed 1 owner=-1 first=0"
      " | domain 'test' is not running" },
    { OWNER, testEnterRemote, 0,
      "none migration out:owner:open 1 owner=0" },
    { OWNER, testExitRemote, false,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsGuestAgent[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_SNAPSHOT,
      "none snapshot:owner:closed 1 owner=0" },
    { OWNER, testBeginAgent, VIR_AGENT_JOB_MODIFY,
      "none snapshot:owner:closed agent=modify:owner 2 owner=0" },
    { OWNER, testEnterAgent, 0,
      "none snapshot:owner:open agent=modify:owner 2 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first snapshot:owner:open agent=modify:owner 3 first=0" },
    { OWNER, testExitAgent, 0,
      "query:first snapshot:owner:closed agent=modify:owner 3 owner=wait" },
    { FIRST, testEnd, 0,
      "none snapshot:owner:closed agent=modify:owner 2 owner=0 first=0" },
    { OWNER, testEndAgent, 0,
      "none snapshot:owner:closed 1 owner=0" },
    /* The agent job of another thread opens nothing. */
    { FIRST, testBeginAgent, VIR_AGENT_JOB_QUERY,
      "none snapshot:owner:closed agent=query:first 2 first=0" },
    { FIRST, testEnterAgent, 0,
      "none snapshot:owner:closed agent=query:first 2 first=0" },
    { FIRST, testExitAgent, 0,
      "none snapshot:owner:closed agent=query:first 2 first=0" },
    { FIRST, testEndAgent, 0,
      "none snapshot:owner:closed 1 first=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsMonitor[] = {
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first none 1 first=0" },
    { FIRST, testMonitor, 0,
      "query:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testMonitor, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:owner:open 2 first=0" },
    { FIRST, testMonitor, 0,
      "query:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testExit, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsMonitorOpen[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { OWNER, testMonitor, 0,
      "none migration out:owner:open 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsMonitorNoJob[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OTHER, testMonitor, 0,
      "none migration out:owner:closed 1 other=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsRelease[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "none migration out:owner:closed 2 first=wait" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "none migration out:owner:closed 3 first=wait second=wait" },
    { OWNER, testRelease, 0,
      "query:second migration out:nobody:open 3 owner=0 first=wait second=0" },
    /* it is not the owner anymore */
    { OWNER, testExit, 0,
      "query:second migration out:nobody:open 3 owner=0 first=wait" },
    { OWNER, testEnter, 0,
      "query:second migration out:nobody:open 3 owner=0 first=wait" },
    { SECOND, testEnd, 0,
      "none migration out:nobody:open 2 first=wait second=0" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "none migration out:other:closed 2 other=0 first=wait" },
    { OTHER, testEndAsync, 0,
      "modify:first none 1 other=0 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsReleaseNotOwner[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OTHER, testRelease, 0,
      "none migration out:owner:closed 1 other=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsReleaseOpen[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "none migration out:other:closed 1 other=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    { 0 }
};

static const testStep stepsTakeOver[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:nobody:open 2 first=0" },
    { SECOND, testBegin, VIR_JOB_QUERY,
      "query:first migration out:nobody:open 3 second=wait" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "query:first migration out:other:closed 3 other=wait second=wait" },
    { THIRD, testBeginNowait, VIR_JOB_QUERY,
      "query:first migration out:other:closed 3 other=wait second=wait third=-1" },
    /* from now on it is a job like any other */
    { OWNER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "query:first migration out:other:closed 3 owner=-1 other=wait second=wait"
      " | 'migration out' async job is owned by thread TID, API 'other'" },
    { THIRD, testDiscard, 0,
      "query:first migration out:other:closed 3 other=wait second=wait third=0" },
    { FIRST, testEnd, 0,
      "none migration out:other:closed 2 other=0 first=0 second=wait" },
    { OTHER, testRelease, 0,
      "query:second migration out:nobody:open 2 other=0 second=0" },
    { SECOND, testEnd, 0,
      "none migration out:nobody:open 1 second=0" },
    { OWNER, testStartPhase, QEMU_MIGRATION_PHASE_CONFIRM3,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsStartPhase[] = {
    { OWNER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "none none 0 owner=0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testStartPhase, QEMU_MIGRATION_PHASE_BEGIN3,
      "none migration out:owner:closed 1 owner=0" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "none migration out:owner:closed 1 other=-1"
      " | 'migration out' async job is owned by thread TID, API 'owner'" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "none migration out:owner:open 1 other=-1"
      " | 'migration out' async job is owned by thread TID, API 'owner'" },
    { OWNER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsTakeOverDies[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first migration out:nobody:open 2 first=0" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "destroy:first migration out:other:closed 2 other=wait" },
    { FIRST, testDie, 0,
      "destroy:first migration out:other:closed 2 other=wait first=0" },
    { FIRST, testDiscard, 0,
      "destroy:first migration out:other:closed 2 other=wait first=0" },
    { FIRST, testEnd, 0,
      "none none 0 other=-1 first=0"
      " | domain is no longer running" },
    { 0 }
};

/* Migrating an inactive domain is fine. */
static const testStep stepsTakeOverInactive[] = {
    { EVENT, testDie, 0,
      "none none 0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first migration out:nobody:open 2 first=0" },
    { OTHER, testStartPhase, QEMU_MIGRATION_PHASE_PERFORM3,
      "query:first migration out:other:closed 2 other=wait" },
    { FIRST, testEnd, 0,
      "none migration out:other:closed 1 other=0 first=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    { 0 }
};

/* Whoever keeps the job of a failed post-copy migration for a recovery keeps none
 * for a domain which is gone. */
static const testStep stepsFailedPostcopy[] = {
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testIsFailedPostcopy, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testFailPostcopy, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testIsFailedPostcopy, 0,
      "none migration out:owner:closed 1 owner=1" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first migration out:owner:open 2 first=0" },
    { FIRST, testDie, 0,
      "destroy:first migration out:owner:open 2 first=0" },
    { FIRST, testEnd, 0,
      "none migration out:owner:open 1 first=0" },
    { OWNER, testExit, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testIsFailedPostcopy, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testEndAsync, 0,
      "none none 0 owner=0" },
    { 0 }
};

static const testStep stepsDiscard[] = {
    { OTHER, testDiscard, 0,
      "none none 0 other=0" },
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT,
      "none migration out:owner:closed 1 owner=0" },
    { OTHER, testDiscard, 0,
      "none migration out:owner:closed 1 other=0" },
    { OWNER, testEnter, 0,
      "none migration out:owner:open 1 owner=0" },
    { OTHER, testDiscard, 0,
      "none migration out:owner:open 1 other=0" },
    { OWNER, testExit, 0,
      "none migration out:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration out:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_MODIFY,
      "none migration out:nobody:open 2 first=wait" },
    { OTHER, testDiscard, 0,
      "modify:first none 1 other=0 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    /* from within the job that destroys the domain */
    { OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_IN,
      "none migration in:owner:closed 1 owner=0" },
    { OWNER, testRelease, 0,
      "none migration in:nobody:open 1 owner=0" },
    { FIRST, testBegin, VIR_JOB_DESTROY,
      "destroy:first migration in:nobody:open 2 first=0" },
    { FIRST, testDie, 0,
      "destroy:first migration in:nobody:open 2 first=0" },
    { FIRST, testDiscard, 0,
      "destroy:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};

static const testStep stepsRestore[] = {
    { EVENT, testRestore, ASYNC,
      "none ASYNC:nobody:open 1" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first ASYNC:nobody:open 2 first=0" },
    { OTHER, testStartPhase, 0,
      "query:first ASYNC:other:closed 2 other=wait" },
    { FIRST, testEnd, 0,
      "none ASYNC:other:closed 1 other=0 first=0" },
    { OTHER, testEndAsync, 0,
      "none none 0 other=0" },
    /* it may also be finished by an event, in a job of its own */
    { EVENT, testRestore, ASYNC,
      "none ASYNC:nobody:open 1" },
    { FIRST, testBegin, VIR_JOB_QUERY,
      "query:first ASYNC:nobody:open 2 first=0" },
    { FIRST, testEndAsync, 0,
      "query:first none 1 first=0" },
    { FIRST, testEnd, 0,
      "none none 0 first=0" },
    { 0 }
};


static int
testDataStep(testData *data,
             const testCase *test,
             size_t n)
{
    const testStep *step = &test->steps[n];
    int arg = step->arg;
    g_autofree char *expectJob = NULL;
    g_autofree char *expect = NULL;
    g_autofree char *actual = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    size_t i;

    expectJob = virStringReplace(step->expect, "JOB",
                                 virDomainJobTypeToString(test->job));
    expect = virStringReplace(expectJob, "ASYNC",
                              virDomainAsyncJobTypeToString(test->async));

    if (arg == JOB)
        arg = test->job;
    else if (arg == ASYNC)
        arg = test->async;

    for (i = 0; i < data->nthreads; i++) {
        data->threads[i].returned = false;
        g_clear_pointer(&data->threads[i].error, g_free);
    }

    if (step->who == EVENT) {
        if (step->func(data, arg) < 0) {
            VIR_TEST_VERBOSE("\nstep %zu: %s", n, virGetLastErrorMessage());
            return -1;
        }
    } else if (data->threads[step->who].func) {
        VIR_TEST_VERBOSE("\nstep %zu: %s is still busy",
                         n, testThreadNames[step->who]);
        return -1;
    } else {
        testThreadStart(data, step->who, step->func, arg);
    }

    testRest(data);

    actual = testDataFormat(data, true);
    if (STRNEQ(expect, actual)) {
        VIR_TEST_VERBOSE("\nstep %zu:\nexpected: %s\nactual:   %s",
                         n, expect, actual);
        return -1;
    }

    before = testDataFormat(data, false);
    virCondBroadcast(&data->vm->job->cond);
    virCondBroadcast(&data->vm->job->asyncCond);
    testRest(data);
    after = testDataFormat(data, false);

    if (STRNEQ(before, after)) {
        VIR_TEST_VERBOSE("\nafter step %zu, somebody could go on and was not told:\n"
                         "before: %s\nafter:  %s",
                         n, before, after);
        return -1;
    }

    return 0;
}


/* Checks that the only warning which has been logged is @warning, if any. */
static int
testCheckLog(const char *warning)
{
    g_autofree char *log = NULL;
    g_auto(GStrv) lines = NULL;
    size_t nwarnings = 0;
    size_t i;

    if (!(log = virTestLogContentAndReset()))
        return 0;

    lines = g_strsplit(log, "\n", 0);
    for (i = 0; lines[i]; i++) {
        if (!strstr(lines[i], ": warning :") ||
            strstr(lines[i], "Cannot start job"))
            continue;

        if (!warning || !strstr(lines[i], warning)) {
            VIR_TEST_VERBOSE("\nunexpected warning: %s", lines[i]);
            return -1;
        }
        nwarnings++;
    }

    if (warning && nwarnings != 1) {
        VIR_TEST_VERBOSE("\n%zu warnings instead of one: %s", nwarnings, warning);
        return -1;
    }

    return 0;
}


static int
testRunCase(const void *opaque)
{
    const testCase *test = opaque;
    testData *data = NULL;
    g_autofree char *state = NULL;
    size_t i;
    int ret = -1;

    g_free(virTestLogContentAndReset());

    data = testDataNew(TEST_THREADS);

    for (i = 0; test->steps[i].expect; i++) {
        if (testDataStep(data, test, i) < 0)
            goto cleanup;
    }

    /* Whoever started something ended it, too. */
    state = testDataFormat(data, false);
    if (STRNEQ(state, "none none 0")) {
        VIR_TEST_VERBOSE("\nleft over: %s", state);
        goto cleanup;
    }

    ret = testCheckLog(test->warning);

 cleanup:
    testDataFree(data);
    return ret;
}


/*
 * A flood of queries. The results tell what went wrong.
 */

enum {
    FLOOD_JOB_REFUSED = -11,        /* a job did not start */
    FLOOD_JOBS_AT_ONCE = -12,       /* two jobs were running */
    FLOOD_NOT_EXCLUSIVE = -13,      /* a job started in the closed window */
    FLOOD_EXIT_FAILED = -14,
    FLOOD_STARVED = -15,            /* a job started while the window closed */
    FLOOD_JOB_RUNNING = -16,        /* a job was running in the closed window */
    FLOOD_DRIED_UP = -17,           /* nobody came into the open window */
    FLOOD_ENDLESS = -18,            /* the async job does not get on */
};

static int
testQueryLoop(testData *data,
              int arg G_GNUC_UNUSED)
{
    testThread *self = g_private_get(&testSelf);

    while (!data->stop) {
        self->deadline = 0;
        if (virDomainObjBeginJob(data->vm, VIR_JOB_QUERY) < 0)
            return FLOOD_JOB_REFUSED;

        if (data->jobs++ > TEST_FLOOD_JOBS)
            return FLOOD_ENDLESS;

        if (data->running++ > 0)
            return FLOOD_JOBS_AT_ONCE;

        if (data->exclusive)
            return FLOOD_NOT_EXCLUSIVE;

        virCondBroadcast(&data->progress);

        /* the monitor command */
        virObjectUnlock(data->vm);
        g_thread_yield();
        virObjectLock(data->vm);

        data->running--;
        virDomainObjEndJob(data->vm);

        /* the way back to the client and the next call */
        virObjectUnlock(data->vm);
        g_thread_yield();
        virObjectLock(data->vm);
    }

    return 0;
}


/* Waits for @njobs to start in the window and then closes it. After that no job
 * can start no matter how much time all the others have. */
static int
testOpenAndClose(testData *data,
                 size_t njobs)
{
    testThread *self = g_private_get(&testSelf);
    size_t before;

    virDomainObjEnterInterruptible(data->vm);

    for (before = data->jobs; data->jobs < before + njobs;) {
        if (testIsAtRest(data, self))
            return FLOOD_DRIED_UP;
        ignore_value(virCondWait(&data->progress, &data->vm->parent.lock));
    }

    before = data->jobs;
    self->deadline = 0;
    if (virDomainObjExitInterruptible(data->vm) < 0)
        return FLOOD_EXIT_FAILED;

    if (data->jobs != before)
        return FLOOD_STARVED;

    if (data->running != 0 || data->vm->job->active)
        return FLOOD_JOB_RUNNING;

    data->exclusive = true;
    while (!testIsAtRest(data, self))
        ignore_value(virCondWait(&data->progress, &data->vm->parent.lock));
    data->exclusive = false;

    return data->jobs == before ? 0 : FLOOD_NOT_EXCLUSIVE;
}


static int
testOpenAndCloseLoop(testData *data,
                     int rounds)
{
    int rc = 0;
    size_t i;

    for (i = 0; rc == 0 && i < rounds; i++)
        rc = testOpenAndClose(data, 1 + i % TEST_FLOOD_THREADS);

    data->stop = true;
    virDomainObjEndAsyncJob(data->vm);
    return rc;
}


static int
testRunFlood(const void *opaque G_GNUC_UNUSED)
{
    testData *data = testDataNew(TEST_THREADS + TEST_FLOOD_THREADS);
    g_auto(virBuffer) expect = VIR_BUFFER_INITIALIZER;
    g_autofree char *actual = NULL;
    size_t i;
    int ret = -1;

    testThreadStart(data, OWNER, testBeginAsync, VIR_ASYNC_JOB_MIGRATION_OUT);
    testRest(data);

    testThreadStart(data, OWNER, testOpenAndCloseLoop, TEST_FLOOD_ROUNDS);
    virBufferAddLit(&expect, "none none 0 owner=0");

    for (i = 0; i < TEST_FLOOD_THREADS; i++) {
        testThreadStart(data, TEST_THREADS + i, testQueryLoop, 0);
        virBufferAddLit(&expect, " flood=0");
    }

    testRest(data);

    actual = testDataFormat(data, true);
    if (STRNEQ(actual, virBufferCurrentContent(&expect))) {
        VIR_TEST_VERBOSE("\nafter %zu jobs:\nexpected: %s\nactual:   %s",
                         data->jobs, virBufferCurrentContent(&expect), actual);
        goto cleanup;
    }

    if (data->vm->job->active || data->jobs < TEST_FLOOD_ROUNDS) {
        VIR_TEST_VERBOSE("\nonly %zu jobs", data->jobs);
        goto cleanup;
    }

    ret = testCheckLog(NULL);

 cleanup:
    testDataFree(data);
    return ret;
}


/* A daemon which knew nested jobs was stopped in the middle of one. */
static int
testRunStatusXML(const void *opaque)
{
    const testCase *test = opaque;
    testData *data = testDataNew(TEST_THREADS);
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) ctxt = NULL;
    g_autofree char *xml = NULL;
    g_autofree char *actual = NULL;
    g_autofree char *expect = NULL;
    int ret = -1;

    xml = g_strdup_printf("<domstatus>"
                          "<job type='async nested' async='%s' flags='0x0'"
                          " asyncStarted='1'/>"
                          "</domstatus>",
                          virDomainAsyncJobTypeToString(test->async));

    /* No thread owns the job, and nobody has counted it yet. */
    expect = g_strdup_printf("none %s:nobody:open 0",
                             virDomainAsyncJobTypeToString(test->async));

    if (!(doc = virXMLParseStringCtxt(xml, "(test)", &ctxt)))
        goto cleanup;

    if (qemuDomainObjPrivateXMLParseJob(data->vm, ctxt) < 0)
        goto cleanup;

    actual = testDataFormat(data, false);
    if (virTestCompareToString(expect, actual) < 0)
        goto cleanup;

    ret = testCheckLog(NULL);

 cleanup:
    testDataFree(data);
    return ret;
}


/* The limit is set in qemu.conf. */
static int
testRunLimitConfig(const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virDomainXMLOption) xmlopt = NULL;
    virDomainObj *vm = NULL;
    unsigned int limit;

    driver.config->maxQueuedJobs = 7;
    xmlopt = virQEMUDriverCreateXMLConf(&driver, "none");
    driver.config->maxQueuedJobs = 0;

    if (!xmlopt || !(vm = virDomainObjNew(xmlopt)))
        return -1;

    limit = vm->job->maxQueuedJobs;
    virDomainObjEndAPI(&vm);

    return virTestCompareToULL(7, limit);
}


/* A wait that ends when it should does so on the clock of the deadline. */
static int
testRunWaitUntil(const void *opaque G_GNUC_UNUSED)
{
    virMutex mutex;
    virCond cond;
    unsigned long long start;
    unsigned long long now;
    int err;

    if (virMutexInit(&mutex) < 0)
        return -1;

    if (virCondInit(&cond) < 0) {
        virMutexDestroy(&mutex);
        return -1;
    }

    virMutexLock(&mutex);
    start = virTimeMonotonicMillis();
    do {
        err = virCondWaitUntil(&cond, &mutex, start + 100) < 0 ? errno : 0;
    } while (err == 0);
    now = virTimeMonotonicMillis();
    virMutexUnlock(&mutex);

    virCondDestroy(&cond);
    virMutexDestroy(&mutex);

    if (err != ETIMEDOUT || now < start + 100) {
        VIR_TEST_VERBOSE("errno %d after %llu ms", err, now - start);
        return -1;
    }

    return 0;
}


static int
mymain(void)
{
    int ret = 0;
    size_t i;

    init_syms();

    if (qemuTestDriverInit(&driver) < 0)
        return EXIT_FAILURE;

    virEventRegisterDefaultImpl();

    /* Both come locked, for those who do not care about jobs. */
    if (!(monitor = qemuMonitorTestNewSimple(driver.xmlopt))) {
        ret = -1;
        goto cleanup;
    }
    virObjectUnlock(qemuMonitorTestGetMonitor(monitor));

    if (!(agent = qemuMonitorTestNewAgent(driver.xmlopt))) {
        ret = -1;
        goto cleanup;
    }
    virObjectUnlock(qemuMonitorTestGetAgent(agent));

#define DO_TEST_FULL(_name, _func, ...) \
    do { \
        const testCase test = { .name = _name, __VA_ARGS__ }; \
        if (virTestRun(test.name, _func, &test) < 0) \
            ret = -1; \
    } while (0)

#define DO_TEST(_name, _steps) \
    DO_TEST_FULL(_name, testRunCase, .steps = _steps)

#define DO_TEST_WARN(_name, _steps, _warning) \
    DO_TEST_FULL(_name, testRunCase, .steps = _steps, .warning = _warning)

#define DO_TEST_JOB(_name, _steps, _job) \
    do { \
        g_autofree char *title = g_strdup_printf("%s (%s)", _name, \
                                                 virDomainJobTypeToString(_job)); \
        DO_TEST_FULL(title, testRunCase, .steps = _steps, .job = _job); \
    } while (0)

#define DO_TEST_ASYNC(_name, _func, _steps, _async) \
    do { \
        g_autofree char *title = g_strdup_printf("%s (%s)", _name, \
                                                 virDomainAsyncJobTypeToString(_async)); \
        DO_TEST_FULL(title, _func, .steps = _steps, .async = _async); \
    } while (0)

    /* What the deadline of this test relies on, too */
    DO_TEST_FULL("wait ends by the monotonic clock", testRunWaitUntil, .steps = NULL);

    /* Who opens and closes */
    DO_TEST("only the owner opens and closes", stepsOnlyOwner);
    DO_TEST_WARN("opening twice is once", stepsEnterTwice,
                 "is interruptible already");

    /* Who runs */
    for (i = VIR_JOB_NONE + 1; i < VIR_JOB_ASYNC; i++) {
        DO_TEST_JOB("closed: no job starts", stepsClosed, i);
        DO_TEST_JOB("open: jobs start one by one", stepsOpen, i);
        if (i != VIR_JOB_DESTROY)
            DO_TEST_JOB("open: mask keeps job out", stepsMask, i);
    }
    DO_TEST("open: default mask", stepsDefaultMask);
    DO_TEST("open: no second async job", stepsSecondAsync);
    DO_TEST("isolation: async job waits for regular job", stepsIsolation);
    DO_TEST("closing is at once for newcomers", stepsClosingIsAtOnce);
    DO_TEST_WARN("closing has a limit", stepsClosingLimit,
                 "Giving up job query of domain test owned by");
    DO_TEST_WARN("closing has a limit: for a job that waits", stepsClosingLimitWaiter,
                 "Giving up job modify of domain test owned by");
    DO_TEST("closing has a limit: but not for a destroy", stepsClosingLimitDestroy);
    DO_TEST_WARN("closing has a limit: but not while the process dies",
                 stepsClosingLimitTermination,
                 "Giving up job query of domain test owned by");
    DO_TEST_WARN("taking over has a limit", stepsTakeOverLimit,
                 "Giving up job query of domain test owned by");
    DO_TEST("post-copy failed: queries are refused", stepsStranded);
    DO_TEST_FULL("closing is not starved by a flood", testRunFlood, .steps = NULL);
    DO_TEST("opening wakes up everybody", stepsOpeningWakesAll);
    DO_TEST("async job ends while open", stepsAsyncEndsOpen);
    DO_TEST("agent jobs are separate", stepsAgent);

    /* Limits */
    DO_TEST("max_queued: applies to queries", stepsLimit);
    DO_TEST("max_queued: does not apply to async job", stepsLimitAsync);
    DO_TEST("max_queued: applies on arrival only", stepsLimitArrival);
    DO_TEST_FULL("max_queued: comes from the configuration", testRunLimitConfig,
                 .steps = NULL);
    DO_TEST("timeout names who is in the way", stepsTimeout);
    DO_TEST("timeout is not extended by closing", stepsDeadline);
    DO_TEST("timeout may be short, and no error", stepsBriefly);

    /* Death */
    DO_TEST("domain dies while open", stepsDiesOpen);
    DO_TEST("domain dies while closing", stepsDiesClosing);
    DO_TEST("domain dies unnoticed by job functions", stepsDiesUnnoticed);
    DO_TEST("destroy comes too late for closing", stepsDestroyQueued);
    DO_TEST("process dies: no job starts", stepsTermination);
    DO_TEST("process dies: queries wait for that", stepsTerminationEnds);
    DO_TEST("process dies: queries do not wait for async job", stepsTerminationAsync);
    DO_TEST("process dies: time for waiting does not count", stepsTerminationClock);
    DO_TEST("process dies: guest is gone", stepsTerminationGone);

    /* Switchover */
    DO_TEST("switchover keeps newcomers out", stepsSwitchover);
    DO_TEST("switchover begins while closed", stepsSwitchoverClosed);
    DO_TEST("switchover can be ended", stepsSwitchoverEnds);
    DO_TEST("switchover takes too long", stepsSwitchoverTimeout);
    DO_TEST("switchover ends with the job", stepsSwitchoverNew);
    DO_TEST("switchover begins once", stepsSwitchoverOnce);
    DO_TEST("switchover does not depend on the system's clock", stepsSwitchoverClock);
    DO_TEST("switchover needs an owner", stepsSwitchoverUnowned);
    DO_TEST("switchover in the last phase", stepsSwitchoverFinish);

    /* Destroying between two phases */
    DO_TEST("destroy goes before the next phase", stepsDestroyBeforePhase);
    DO_TEST("destroy takes the job away from the next phase", stepsDestroyTakesJob);

    /* Waiting */
    DO_TEST("wait is open", stepsWait);
    DO_TEST("wait of a regular job opens nothing", stepsWaitRegular);
    DO_TEST("wait is over when domain is destroyed", stepsWaitDestroy);
    DO_TEST("remote call is open", stepsRemote);
    DO_TEST("guest agent command is open", stepsGuestAgent);

    /* The monitor */
    DO_TEST("monitor: for the owner of a job", stepsMonitor);
    DO_TEST_WARN("monitor: not while open", stepsMonitorOpen,
                 "Entering a monitor without owning a job");
    DO_TEST_WARN("monitor: not without a job", stepsMonitorNoJob,
                 "Entering a monitor without owning a job");

    /* No owner */
    DO_TEST("released job is open", stepsRelease);
    DO_TEST("released job is not left open", stepsReleaseOpen);
    DO_TEST_WARN("only the owner releases", stepsReleaseNotOwner,
                 "is owned by thread");
    DO_TEST("taking over closes", stepsTakeOver);
    DO_TEST("domain dies while job is taken over", stepsTakeOverDies);
    DO_TEST("taking over a job of an inactive domain", stepsTakeOverInactive);
    DO_TEST("failed post-copy ends with the domain", stepsFailedPostcopy);
    DO_TEST("only the owner starts another phase", stepsStartPhase);
    DO_TEST("only a job without owner is discarded", stepsDiscard);

    for (i = VIR_ASYNC_JOB_NONE + 1; i < VIR_ASYNC_JOB_LAST; i++) {
        DO_TEST_ASYNC("new job is closed", testRunCase, stepsNewIsClosed, i);
        DO_TEST_ASYNC("destroy while open", testRunCase, stepsDestroyOpen, i);
        DO_TEST_ASYNC("destroy gets in when job waits", testRunCase, stepsDestroyWaits, i);
        DO_TEST_ASYNC("destroy gets in when job ends", testRunCase, stepsDestroyEnds, i);
        DO_TEST_ASYNC("abort gets in when job waits", testRunCase, stepsAbort, i);
        DO_TEST_ASYNC("restored job is open", testRunCase, stepsRestore, i);
        DO_TEST_ASYNC("status XML with nested job", testRunStatusXML, NULL, i);
    }

 cleanup:
    if (agent)
        virObjectLock(qemuMonitorTestGetAgent(agent));
    if (monitor)
        virObjectLock(qemuMonitorTestGetMonitor(monitor));
    qemuMonitorTestFree(agent);
    qemuMonitorTestFree(monitor);
    qemuTestDriverFree(&driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN(mymain)
