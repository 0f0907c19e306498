/*
 * virdomainjobtest.c: tests of the job functions with real threads
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A case is a file of virdomainjobdata. Each line of it is a step of one thread,
 * or several, while the others keep doing what they were doing, and what has
 * changed by that:
 *
 *   THREAD STEP [ARGUMENT][, STEP [ARGUMENT]]...[; THREAD STEP...] -> CHANGES
 *
 *   async=JOB:OWNER open|closed job=JOB:OWNER agent=JOB:OWNER
 *   THREAD=wait THREAD=RESULT | ERROR ! WARNING
 *
 * Steps are those of testDo(). CHANGES omits what is expected: that a step
 * returned 0, that the number of queued jobs is the number of jobs which run
 * or are waited for, and that a thread waits for TEST_WAIT_TIME at most. JOB
 * and ASYNC stand for the job with which the case is run.
 * VIR_TEST_REGENERATE_OUTPUT writes the changes: a new case needs none.
 *
 * No real time is involved: the clock does what a step says. All threads run
 * with the domain locked, and only a wait inside of the job functions lets go
 * of the lock. virdomainjobmock lets the test decide when these waits end, so
 * it is known which thread waits for which condition and whether it has been
 * woken up. A step is over as soon as each thread either returned or waits and
 * was not woken up: nothing can change any more until the next step. A thread
 * which hangs is noticed at once, and so is a thread which does not wait
 * although it should. After each step, all threads which wait for a job are
 * woken up spuriously. That must not change anything, or else a thread could
 * have gone on and was not told.
 */

#include <config.h>

#include "testutils.h"
#include "testutilsqemu.h"
#include "qemumonitortestutils.h"
#include "virdomainjobmock.h"
#include "virerror.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_domainjob.h"
#include "qemu/qemu_migration.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* For how long most jobs are waited for, in s */
#define TEST_WAIT_TIME 30

/* The flood: this many threads query the domain in a tight loop, while the
 * async job opens and closes its window this many times. That takes a few
 * hundred jobs. */
#define TEST_FLOOD_THREADS 8
#define TEST_FLOOD_ROUNDS 50
#define TEST_FLOOD_JOBS 100000

/* The first one is the main thread, which does what needs no job: it delivers
 * events. */
enum {
    EVENT,
    OWNER,
    OTHER,
    FIRST,
    SECOND,
    THIRD,

    TEST_THREADS
};

VIR_ENUM_DECL(testThread);
VIR_ENUM_IMPL(testThread,
              TEST_THREADS,
              "event", "owner", "other", "first", "second", "third",
);

typedef struct _testThread testThread;
struct _testThread {
    const char *name;
    virThread thread;
    unsigned int ticks;         /* this thread is ahead of time, in ms */

    /* Everything below is guarded by the domain lock. */
    unsigned long long id;
    virCond cond;               /* signalled when there is something to do */
    char *step;                 /* NULL if there is nothing to do */
    int rc;
    bool returned;              /* it did so in the current step */
    char *error;

    virCond *waiting;           /* the condition this thread waits for */
    bool woken;                 /* the wait is over */
    bool timeout;               /* because of a timeout */
    unsigned int limit;         /* how long it is at most, in s, or 0 */
    unsigned long long deadline; /* of the first wait of @step */
    bool moved;                 /* another wait had a different one */
};

typedef struct _testData testData;
struct _testData {
    virDomainObj *vm;
    testThread *threads;
    size_t nthreads;
    virDomainJob job;           /* what the case is run with */
    virDomainAsyncJob async;

    /* Everything below is guarded by the domain lock. */
    virCond progress;           /* broadcast when a thread returns or waits */
    bool quit;                  /* let everybody go */

    /* the flood */
    size_t jobs;                /* number of jobs started so far */
    size_t running;             /* number of jobs running */
    bool exclusive;             /* no job is supposed to run */
    bool stop;
};

static virQEMUDriver driver;
static qemuMonitorTest *monitor;
static qemuMonitorTest *agentMonitor;

/* The case which is running. Set while there are no other threads. */
static testData *current;

static GPrivate testSelf = G_PRIVATE_INIT(NULL);


/*
 * What the mock asks
 */

bool
testIsJobCond(virCond *c)
{
    return current &&
           (c == &current->vm->cond ||
            c == &current->vm->job->cond ||
            c == &current->vm->job->asyncCond);
}


/* A thread must not go on because of a wakeup which comes from nowhere, as the
 * outcome of a step would depend on it. */
int
testWaitForJobCond(virCond *c,
                   virMutex *m,
                   unsigned long long deadline)
{
    testThread *self = g_private_get(&testSelf);

    errno = EDEADLK;
    if (self == &current->threads[EVENT])
        return -1;

    self->waiting = c;
    self->woken = false;
    self->timeout = false;
    self->limit = 0;

    if (deadline) {
        unsigned long long now = 0;

        ignore_value(testGetTime(&now));
        self->limit = (deadline + 500 - now) / 1000;
        if (self->deadline && self->deadline != deadline)
            self->moved = true;
        self->deadline = deadline;
    }

    virCondBroadcast(&current->progress);
    while (!self->woken && !current->quit)
        ignore_value(virCondWait(&self->cond, m));

    self->waiting = NULL;
    errno = self->timeout ? ETIMEDOUT : ECANCELED;
    return self->woken && !self->timeout ? 0 : -1;
}


/* If one thread is woken up, it is always the same one. */
void
testWakeJobCond(virCond *c,
                bool all)
{
    size_t i;

    for (i = 0; i < current->nthreads; i++) {
        testThread *thread = &current->threads[i];

        if (thread->waiting != c || thread->woken)
            continue;

        thread->woken = true;
        virCondBroadcast(&thread->cond);
        if (!all)
            break;
    }
}


/* No thread sees the same time twice. */
bool
testGetTime(unsigned long long *now)
{
    testThread *self = g_private_get(&testSelf);

    if (!self)
        return false;

    *now = 1700000000000 + ++self->ticks;
    return true;
}


/*
 * What threads can do
 */

static int
testFail(const char *what)
{
    virReportError(VIR_ERR_INTERNAL_ERROR, "%s", what);
    return -1;
}


/* What qemuProcessBeginStopJob does: the domain is still active while the thread
 * waits for its job. */
static int
testBeginStop(virDomainObj *vm,
              virDomainJob job)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    int rc;

    priv->beingDestroyed = true;
    virDomainObjBroadcast(vm);
    rc = virDomainObjBeginJob(vm, job);
    priv->beingDestroyed = false;

    return rc;
}


/* The wait of thread @who times out. */
static int
testTimeout(int who)
{
    testThread *thread = &current->threads[MAX(who, 0)];

    if (!thread->waiting || !thread->limit)
        return testFail("it does not wait, or forever");

    thread->woken = true;
    thread->timeout = true;
    virCondBroadcast(&thread->cond);
    return 0;
}


/* The flood of queries */
static int
testQueryLoop(virDomainObj *vm)
{
    testThread *self = g_private_get(&testSelf);

    while (!current->stop) {
        self->deadline = 0;
        if (virDomainObjBeginJob(vm, VIR_JOB_QUERY) < 0)
            return -1;

        if (current->jobs++ > TEST_FLOOD_JOBS)
            return testFail("the async job does not get on");
        if (current->running++ > 0)
            return testFail("two jobs are running");
        if (current->exclusive)
            return testFail("a job started in the closed window");

        virCondBroadcast(&current->progress);

        /* the monitor command */
        virObjectUnlock(vm);
        g_thread_yield();
        virObjectLock(vm);

        current->running--;
        virDomainObjEndJob(vm);

        /* the way back to the client and the next call */
        virObjectUnlock(vm);
        g_thread_yield();
        virObjectLock(vm);
    }

    return 0;
}


/* Returns true if nothing is going to change before the next step. */
static bool
testIsAtRest(testThread *except)
{
    size_t i;

    for (i = OWNER; i < current->nthreads; i++) {
        testThread *thread = &current->threads[i];

        if (thread != except &&
            (thread->id == 0 ||
             (thread->step && (!thread->waiting || thread->woken))))
            return false;
    }

    return true;
}


static void
testRest(testThread *except)
{
    while (!testIsAtRest(except))
        ignore_value(virCondWait(&current->progress, &current->vm->parent.lock));
}


/* Waits for @njobs to start in the window and then closes it. After that no job
 * can start, however much time the other threads have. */
static int
testOpenAndClose(virDomainObj *vm,
                 size_t njobs)
{
    testThread *self = g_private_get(&testSelf);
    size_t before = current->jobs;

    virDomainObjEnterInterruptible(vm);

    while (current->jobs < before + njobs) {
        if (testIsAtRest(self))
            return testFail("nobody comes into the open window");
        ignore_value(virCondWait(&current->progress, &vm->parent.lock));
    }

    before = current->jobs;
    self->deadline = 0;
    if (virDomainObjExitInterruptible(vm) < 0)
        return -1;
    if (current->jobs != before)
        return testFail("a job started while the window was closing");
    if (current->running != 0 || vm->job->active)
        return testFail("a job is running in the closed window");

    current->exclusive = true;
    testRest(self);
    current->exclusive = false;

    return 0;
}


static int
testOpenAndCloseLoop(virDomainObj *vm)
{
    int rc = 0;
    size_t i;

    for (i = 0; rc == 0 && i < TEST_FLOOD_ROUNDS; i++)
        rc = testOpenAndClose(vm, 1 + i % TEST_FLOOD_THREADS);

    current->stop = true;
    virDomainObjEndAsyncJob(vm);
    return rc;
}


static int
testDo(virDomainObj *vm,
       const char *step,
       const char *arg)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    qemuMonitor *mon = qemuMonitorTestGetMonitor(monitor);
    qemuAgent *agent = qemuMonitorTestGetAgent(agentMonitor);
    int job = virDomainJobTypeFromString(arg);
    int async = virDomainAsyncJobTypeFromString(arg);

    if (STREQ(arg, "JOB"))
        job = current->job;
    if (STREQ(arg, "ASYNC"))
        async = current->async;

    if (STRPREFIX(step, "begin") && *arg && job < 0 && async < 0)
        return testFail("no such job");

#define STEP(_name, _expr) \
    if (STREQ(step, _name)) \
        return _expr

#define STEP_VOID(_name, ...) \
    if (STREQ(step, _name)) { \
        __VA_ARGS__; \
        return 0; \
    }

    /* Jobs */
    STEP("begin", virDomainObjBeginJob(vm, job));
    STEP("begin-nowait", virDomainObjBeginJobNowait(vm, job));
    STEP("begin-stop", testBeginStop(vm, job));
    STEP_VOID("end", virDomainObjEndJob(vm));
    /* these have the same names */
    STEP("begin-agent", virDomainObjBeginAgentJob(vm, job == VIR_JOB_QUERY ?
                                                  VIR_AGENT_JOB_QUERY : VIR_AGENT_JOB_MODIFY));
    STEP_VOID("end-agent", virDomainObjEndAgentJob(vm));
    STEP("begin-async", virDomainObjBeginAsyncJob(vm, async,
                                                  VIR_DOMAIN_JOB_OPERATION_UNKNOWN, 0));
    STEP_VOID("end-async", virDomainObjEndAsyncJob(vm));
    STEP_VOID("admit-all", qemuDomainObjSetAsyncJobMask(vm, JOB_MASK(VIR_JOB_ASYNC) - 1));
    STEP_VOID("admit-none", qemuDomainObjSetAsyncJobMask(vm, VIR_JOB_NONE));

    /* Windows */
    STEP_VOID("enter", virDomainObjEnterInterruptible(vm));
    STEP("exit", virDomainObjExitInterruptible(vm));
    STEP_VOID("enter-qemu", qemuDomainObjEnterInterruptible(vm));
    STEP("exit-qemu", qemuDomainObjExitInterruptible(vm));
    STEP_VOID("enter-remote", qemuDomainObjEnterRemote(vm), virObjectLock(vm));
    STEP("exit-remote", (virObjectUnlock(vm),
                         qemuDomainObjExitRemote(vm, STREQ(arg, "active"))));
    STEP_VOID("enter-agent",
              priv->agent = agent;
              virObjectUnlock(qemuDomainObjEnterAgent(vm));
              virObjectLock(vm);
              priv->agent = NULL);
    STEP_VOID("exit-agent",
              virObjectUnlock(vm);
              virObjectLock(agent);
              qemuDomainObjExitAgent(vm, agent));
    STEP_VOID("use-monitor",
              priv->mon = mon;
              qemuDomainObjEnterMonitor(vm);
              qemuDomainObjExitMonitor(vm);
              priv->mon = NULL);
    STEP("wait", qemuDomainObjWait(vm));

    /* Phases of a migration, and a daemon that has been restarted amid one */
    STEP("start-phase",
         qemuDomainObjStartJobPhase(vm, qemuMigrationJobPhaseTypeFromString(arg)));
    STEP_VOID("release", qemuDomainObjReleaseAsyncJob(vm));
    STEP_VOID("discard", qemuDomainObjDiscardAsyncJob(vm));
    STEP_VOID("abort", qemuDomainObjAbortAsyncJob(vm));
    STEP_VOID("postcopy-fails", vm->job->asyncPaused = true);
    STEP("is-failed-postcopy", virDomainObjIsFailedPostcopy(vm, vm->job));
    STEP_VOID("restore",
              qemuDomainObjRestoreAsyncJob(vm, async, 0, 0, VIR_DOMAIN_JOB_OPERATION_UNKNOWN,
                                           QEMU_DOMAIN_JOB_STATS_TYPE_NONE,
                                           VIR_DOMAIN_JOB_STATUS_ACTIVE,
                                           VIR_JOB_DEFAULT_MASK));

    /* The end of the domain; `die` is what qemuProcessStop does. */
    STEP_VOID("die", vm->def->id = -1; virDomainObjBroadcast(vm));

    /* Events and time */
    STEP_VOID("wake-up", virDomainObjBroadcast(vm));
    STEP("timeout", testTimeout(testThreadTypeFromString(arg)));

    /* The flood */
    STEP("query-loop", testQueryLoop(vm));
    STEP("open-and-close-loop", testOpenAndCloseLoop(vm));

    return testFail("no such step");
}


/*
 * Threads
 */

static void
testThreadDo(testThread *self)
{
    g_auto(GStrv) words = g_strsplit(self->step, " ", 2);
    virErrorPtr err;

    self->deadline = 0;
    self->moved = false;
    self->rc = testDo(current->vm, words[0], words[1] ? words[1] : "");

    /* without what virErrorMsg() makes of the code */
    if ((err = virGetLastError()) && err->code != VIR_ERR_OK)
        self->error = g_strdup(NULLSTR(err->str2));
    virResetLastError();

    g_clear_pointer(&self->step, g_free);
    self->returned = true;
    virCondBroadcast(&current->progress);
}


static void
testThreadRun(void *opaque)
{
    testThread *self = opaque;

    g_private_set(&testSelf, self);
    virObjectLock(current->vm);
    self->id = virThreadSelfID();
    virCondBroadcast(&current->progress);

    while (!current->quit) {
        if (self->step)
            testThreadDo(self);
        else
            ignore_value(virCondWait(&self->cond, &current->vm->parent.lock));
    }

    virObjectUnlock(current->vm);
}


static void
testThreadStart(int who,
                const char *step)
{
    testThread *thread = &current->threads[who];

    thread->step = g_strdup(step);
    if (who == EVENT)
        testThreadDo(thread);
    else
        virCondBroadcast(&thread->cond);
}


/* Creates a running domain, locked, and threads which have nothing to do. */
static void
testDataNew(size_t nthreads)
{
    testData *data = g_new0(testData, 1);
    virDomainDef *def;
    size_t i;

    if (!(data->vm = virDomainObjNew(driver.xmlopt)) ||
        !(def = virDomainDefNew(driver.xmlopt)) ||
        virCondInit(&data->progress) < 0)
        abort();

    def->name = g_strdup("test");
    def->id = 1;
    def->virtType = VIR_DOMAIN_VIRT_QEMU;
    def->os.type = VIR_DOMAIN_OSTYPE_HVM;
    def->os.arch = VIR_ARCH_X86_64;
    data->vm->def = def;
    virDomainObjSetState(data->vm, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);

    data->threads = g_new0(testThread, nthreads);
    data->nthreads = nthreads;
    current = data;

    for (i = 0; i < nthreads; i++) {
        testThread *thread = &data->threads[i];

        thread->name = i < TEST_THREADS ? testThreadTypeToString(i) : "flood";
        if (virCondInit(&thread->cond) < 0)
            abort();
    }

    for (i = OWNER; i < nthreads; i++) {
        testThread *thread = &data->threads[i];

        if (virThreadCreateFull(&thread->thread, true, testThreadRun,
                                thread->name, false, thread) < 0)
            abort();
    }

    testRest(NULL);
    g_private_set(&testSelf, &data->threads[EVENT]);
    g_free(virTestLogContentAndReset());
}


static void
testDataFree(void)
{
    testData *data = current;
    size_t i;

    /* Threads which wait come back with an error. */
    data->quit = true;
    data->stop = true;
    for (i = OWNER; i < data->nthreads; i++)
        virCondBroadcast(&data->threads[i].cond);

    virObjectUnlock(data->vm);
    for (i = OWNER; i < data->nthreads; i++)
        virThreadJoin(&data->threads[i].thread);

    g_private_set(&testSelf, NULL);
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


/*
 * What has become of the jobs and the threads
 */

static const char *
testFormatOwner(unsigned long long id)
{
    size_t i;

    for (i = OWNER; i < current->nthreads; i++) {
        if (id && current->threads[i].id == id)
            return current->threads[i].name;
    }

    return id ? "stranger" : "nobody";
}


/* One string for each of the things that can change, empty if there is none */
static char **
testFormat(void)
{
    virDomainJobObj *job = current->vm->job;
    int queued = !!job->asyncJob + !!job->active + !!job->agentActive;
    char **ret = g_new0(char *, 5 + current->nthreads + 1);
    size_t n = 0;
    size_t i;

    if (job->asyncJob) {
        ret[n++] = g_strdup_printf("async=%s:%s", job->asyncJob == current->async ? "ASYNC" :
                                   virDomainAsyncJobTypeToString(job->asyncJob),
                                   testFormatOwner(job->asyncOwner));
        ret[n++] = g_strdup(virDomainAsyncJobIsInterruptible(job) ? "open" : "closed");
    } else {
        ret[n++] = g_strdup("async=none");
        ret[n++] = g_strdup(job->asyncInterruptible ? "left open" : "");
    }

    if (job->active) {
        ret[n++] = g_strdup_printf("job=%s:%s", job->active == current->job ? "JOB" :
                                   virDomainJobTypeToString(job->active),
                                   testFormatOwner(job->owner));
    } else {
        ret[n++] = g_strdup("job=none");
    }

    if (job->agentActive) {
        ret[n++] = g_strdup_printf("agent=%s:%s",
                                   virDomainAgentJobTypeToString(job->agentActive),
                                   testFormatOwner(job->agentOwner));
    } else {
        ret[n++] = g_strdup("agent=none");
    }

    for (i = 0; i < current->nthreads; i++) {
        testThread *thread = &current->threads[i];
        g_autofree char *limit = g_strdup_printf("(%u s)", thread->limit);

        if (!thread->step) {
            ret[n++] = g_strdup("");
            continue;
        }

        ret[n++] = g_strdup_printf("%s=wait%s%s", thread->name,
                                   thread->limit == 0 ? "(forever)" :
                                   thread->limit == TEST_WAIT_TIME ? "" : limit,
                                   thread->moved ? "(moved)" : "");
        if (STRPREFIX(thread->step, "begin"))
            queued++;
    }

    ret[n] = job->jobsQueued == queued ? g_strdup("") :
             g_strdup_printf("queued=%d", job->jobsQueued);

    return ret;
}


/* Appends what has changed, and returns true if something has. */
static bool
testFormatChanges(virBuffer *buf,
                  char **before,
                  char **after)
{
    bool ret = false;
    size_t i;

    for (i = 0; before[i]; i++) {
        if (STREQ(before[i], after[i]))
            continue;

        ret = true;
        if (*after[i])
            virBufferAsprintf(buf, " %s", after[i]);
    }

    return ret;
}


/* Appends " MARK MESSAGE", with N for each number. */
static void
testFormatMessage(virBuffer *buf,
                  char mark,
                  const char *message)
{
    g_autoptr(GRegex) number = g_regex_new("[0-9]+", 0, 0, NULL);
    g_autofree char *text = g_regex_replace_literal(number, message, -1, 0, "N", 0, NULL);

    virBufferAsprintf(buf, " %c %s", mark, text);
}


static void
testFormatMessages(virBuffer *buf)
{
    g_autofree char *log = virTestLogContentAndReset();
    g_auto(GStrv) lines = g_strsplit(NULLSTR_EMPTY(log), "\n", 0);
    size_t i;

    for (i = 0; i < current->nthreads; i++) {
        if (current->threads[i].error)
            testFormatMessage(buf, '|', current->threads[i].error);
        g_clear_pointer(&current->threads[i].error, g_free);
    }

    for (i = 0; lines[i]; i++) {
        /* TIME: THREAD: warning : FUNCTION:LINE : MESSAGE */
        g_auto(GStrv) parts = g_strsplit(lines[i], " : ", 3);

        if (parts[0] && g_str_has_suffix(parts[0], ": warning") && parts[1] && parts[2] &&
            !STRPREFIX(parts[2], "Cannot start job"))
            testFormatMessage(buf, '!', parts[2]);
    }
}


/*
 * Running a case
 */

/* Does the steps of one thread, "THREAD STEP, STEP", and appends what came back to
 * @buf. Fails if they cannot be done or the outcome is not reliable. */
static int
testRunSteps(const char *text,
             virBuffer *buf)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 2);
    g_auto(GStrv) steps = NULL;
    int who = testThreadTypeFromString(words[0]);
    size_t i;
    size_t n;

    steps = g_strsplit(words[0] && words[1] ? words[1] : "nothing", ", ", 0);
    for (n = 0; steps[n]; n++) {
        g_auto(GStrv) before = NULL;
        g_auto(GStrv) after = NULL;

        if (who < 0 || current->threads[who].step) {
            virBufferAddLit(buf, " impossible");
            return -1;
        }

        for (i = 0; i < current->nthreads; i++)
            current->threads[i].returned = false;

        testThreadStart(who, steps[n]);
        testRest(NULL);

        for (i = 0; i < current->nthreads; i++) {
            testThread *thread = &current->threads[i];

            if (thread->returned && (thread->rc != 0 || i != who))
                virBufferAsprintf(buf, " %s=%d", thread->name, thread->rc);
        }

        before = testFormat();
        virCondBroadcast(&current->vm->job->cond);
        virCondBroadcast(&current->vm->job->asyncCond);
        testRest(NULL);
        after = testFormat();

        if (testFormatChanges(buf, before, after)) {
            virBufferAddLit(buf, " although nobody was told");
            return -1;
        }
    }

    return 0;
}


/* Does the steps of a line and appends to @buf what has changed. */
static int
testRunLine(const char *line,
            virBuffer *buf)
{
    g_auto(GStrv) parts = g_strsplit(line, "; ", 0);
    g_auto(GStrv) before = testFormat();
    g_auto(GStrv) after = NULL;
    g_auto(virBuffer) results = VIR_BUFFER_INITIALIZER;
    int rc = 0;
    size_t i;

    for (i = 0; rc == 0 && parts[i]; i++)
        rc = testRunSteps(parts[i], &results);

    after = testFormat();
    testFormatChanges(buf, before, after);
    virBufferAddBuffer(buf, &results);
    testFormatMessages(buf);
    return rc;
}


typedef struct _testCase testCase;
struct _testCase {
    const char *name;
    virDomainJob job;
    virDomainAsyncJob async;
};


static int
testRunCase(const void *opaque)
{
    const testCase *test = opaque;
    g_autofree char *path = g_strdup_printf("%s/virdomainjobdata/%s.txt",
                                            abs_srcdir, test->name);
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    int rc = 0;
    size_t i;

    if (virTestLoadFile(path, &text) < 0)
        return -1;

    testDataNew(TEST_THREADS);
    current->job = test->job;
    current->async = test->async;

    lines = g_strsplit(g_strchomp(text), "\n", 0);
    for (i = 0; lines[i]; i++) {
        if (rc == 0 && *lines[i] && *lines[i] != '#') {
            g_auto(GStrv) line = g_strsplit(lines[i], " ->", 2);

            virBufferAsprintf(&buf, "%s ->", line[0]);
            rc = testRunLine(line[0], &buf);
        } else {
            virBufferAdd(&buf, lines[i], -1);
        }
        virBufferAddLit(&buf, "\n");
    }

    testDataFree();

    if (virTestCompareToFile(virBufferCurrentContent(&buf), path) < 0)
        return -1;

    return rc;
}


/* The one case in which threads run freely */
static int
testRunFlood(const void *opaque G_GNUC_UNUSED)
{
    g_auto(virBuffer) buf = VIR_BUFFER_INITIALIZER;
    int ret = 0;
    size_t i;

    testDataNew(TEST_THREADS + TEST_FLOOD_THREADS);

    testThreadStart(OWNER, "begin-async migration out");
    testRest(NULL);

    testThreadStart(OWNER, "open-and-close-loop");
    for (i = TEST_THREADS; i < current->nthreads; i++)
        testThreadStart(i, "query-loop");
    testRest(NULL);

    for (i = OWNER; i < current->nthreads; i++) {
        if (current->threads[i].step || current->threads[i].rc < 0)
            ret = -1;
    }

    if (current->vm->job->asyncJob || current->vm->job->active ||
        current->vm->job->jobsQueued != 0 || current->jobs < TEST_FLOOD_ROUNDS)
        ret = -1;

    testFormatMessages(&buf);
    if (virBufferUse(&buf)) {
        VIR_TEST_VERBOSE("%s", virBufferCurrentContent(&buf));
        ret = -1;
    }

    testDataFree();
    return ret;
}


static int
mymain(void)
{
    int ret = 0;
    size_t i;

    if (qemuTestDriverInit(&driver) < 0)
        return EXIT_FAILURE;

    virEventRegisterDefaultImpl();

    /* Both come locked, for tests which do not use jobs. */
    if (!(monitor = qemuMonitorTestNewSimple(driver.xmlopt)) ||
        !(agentMonitor = qemuMonitorTestNewAgent(driver.xmlopt)))
        return EXIT_FAILURE;
    virObjectUnlock(qemuMonitorTestGetMonitor(monitor));
    virObjectUnlock(qemuMonitorTestGetAgent(agentMonitor));

#define DO_TEST_FULL(_title, ...) \
    do { \
        const testCase test = { __VA_ARGS__ }; \
        if (virTestRun(_title, testRunCase, &test) < 0) \
            ret = -1; \
    } while (0)

#define DO_TEST(_name) \
    DO_TEST_FULL(_name, .name = _name)

    /* with each kind of regular job */
#define DO_TEST_JOB(_name, _job) \
    do { \
        g_autofree char *title = g_strdup_printf("%s (%s)", _name, \
                                                 virDomainJobTypeToString(_job)); \
        DO_TEST_FULL(title, .name = _name, .job = _job); \
    } while (0)

    /* with each kind of async job */
#define DO_TEST_ASYNC(_name) \
    for (i = VIR_ASYNC_JOB_NONE + 1; i < VIR_ASYNC_JOB_LAST; i++) { \
        g_autofree char *title = g_strdup_printf("%s (%s)", _name, \
                                                 virDomainAsyncJobTypeToString(i)); \
        DO_TEST_FULL(title, .name = _name, .async = i); \
    }

    /* Who opens and closes */
    DO_TEST("only-owner");
    DO_TEST("enter-twice");

    /* Who runs */
    for (i = VIR_JOB_NONE + 1; i < VIR_JOB_ASYNC; i++) {
        DO_TEST_JOB("closed", i);
        DO_TEST_JOB("open", i);
        if (i != VIR_JOB_DESTROY)
            DO_TEST_JOB("mask", i);
    }
    DO_TEST("default-mask");
    DO_TEST("second-async");
    DO_TEST("isolation");
    DO_TEST("closing-is-at-once");
    if (virTestRun("flood", testRunFlood, NULL) < 0)
        ret = -1;
    DO_TEST("opening-wakes-all");
    DO_TEST("async-ends-open");
    DO_TEST("agent");

    /* Limits */
    DO_TEST("deadline");

    /* Death */
    DO_TEST("dies-open");
    DO_TEST("dies-closing");
    DO_TEST("dies-unnoticed");
    DO_TEST("destroy-queued");

    /* Waiting */
    DO_TEST("wait");
    DO_TEST("wait-regular");
    DO_TEST("wait-destroy");
    DO_TEST("remote");
    DO_TEST("guest-agent");

    /* The monitor */
    DO_TEST("monitor");
    DO_TEST("monitor-open");
    DO_TEST("monitor-no-job");

    /* No owner */
    DO_TEST("release");
    DO_TEST("release-open");
    DO_TEST("release-not-owner");
    DO_TEST("take-over");
    DO_TEST("take-over-dies");
    DO_TEST("take-over-inactive");
    DO_TEST("failed-postcopy");
    DO_TEST("start-phase");
    DO_TEST("discard");

    DO_TEST_ASYNC("new-is-closed");
    DO_TEST_ASYNC("destroy-open");
    DO_TEST_ASYNC("destroy-waits");
    DO_TEST_ASYNC("destroy-ends");
    DO_TEST_ASYNC("abort");
    DO_TEST_ASYNC("restore");

    virObjectLock(qemuMonitorTestGetAgent(agentMonitor));
    virObjectLock(qemuMonitorTestGetMonitor(monitor));
    qemuMonitorTestFree(agentMonitor);
    qemuMonitorTestFree(monitor);
    qemuTestDriverFree(&driver);

    return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

VIR_TEST_MAIN_PRELOAD(mymain, VIR_TEST_MOCK("virdomainjob"))
