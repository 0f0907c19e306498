/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * test-client.c: that every query is counted, whatever holds it up
 *
 * The clients are the real ones, on the test driver; the call that they make is
 * ours, and stands still for as long as a test wants it to.
 */

#include "storm-client.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define URI "test:///default"
#define RATE 200
#define CLIENTS 3

/* How long the server stands still, and what counts as late. No test wants anything to be
 * done within a time: a slow machine makes them last longer, and that is all. */
#define STALL (400 * STORM_MS)
#define LATE (STALL / 2)
#define DRAIN (100 * STORM_S)

#define NO_LIMIT G_MAXUINT64

/* The server: it answers as many queries as it may, and then stands still. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    guint64 left;
    guint waiting;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int
pass_gate(StormAsk *ask G_GNUC_UNUSED)
{
    pthread_mutex_lock(&gate.lock);
    gate.waiting++;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.left)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.waiting--;
    gate.left -= gate.left != NO_LIMIT;
    pthread_mutex_unlock(&gate.lock);
    return 0;
}

/* Lets @queries pass, and none after them. */
static void
set_gate(guint64 queries)
{
    pthread_mutex_lock(&gate.lock);
    gate.left = queries;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

/* Waits until each client has a query under way that is not answered. Returns the time. */
static gint64
wait_for_clients(void)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.left || gate.waiting < CLIENTS)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    return storm_now();
}

/* Fails as libvirt does for a domain without such an interface. */
static int
fail(StormAsk *ask)
{
    virDomainInterfaceStatsStruct stats;

    return virDomainInterfaceStats(ask->domain, "none", &stats, sizeof(stats));
}

static int
pretend_off(StormAsk *ask)
{
    ask->off = true;
    return 0;
}

static int
find_wrong(StormAsk *ask)
{
    ask->problem = g_strdup("not what it must be");
    return 0;
}

static const StormCall gated = { .name = "gated", .run = pass_gate, .flags = STORM_TELLS_STATE };
static const StormCall failing = { .name = "failing", .run = fail };
static const StormCall off = { .name = "off", .run = pretend_off, .flags = STORM_TELLS_STATE };
static const StormCall wrong = { .name = "wrong", .run = find_wrong };

/* A host with its clients */
typedef struct {
    StormChoice choices[4];
    GPtrArray *chosen;
    GPtrArray *targets;
    const char *names[4];
    StormLoad load;
    StormRecorder *recorder;
    StormHost *host;
    gint64 start;
    gint64 end;
} World;

/* @calls end with NULL. */
static void
world_init(World *world, double rate, const StormCall *const *calls)
{
    g_autoptr(virConnect) conn = virConnectOpen(URI);
    g_autoptr(virDomain) domain = virDomainLookupByName(conn, "test");
    g_autofree char *error = NULL;
    guint i;

    memset(world, 0, sizeof(*world));
    world->chosen = g_ptr_array_new();
    world->targets = g_ptr_array_new_with_free_func((GDestroyNotify)storm_target_free);
    g_ptr_array_add(world->targets, storm_target_new(domain, &error));
    g_assert_null(error);
    for (i = 0; calls[i]; i++) {
        world->choices[i].call = calls[i];
        world->names[i] = calls[i]->name;
        g_ptr_array_add(world->chosen, &world->choices[i]);
    }
    world->load = (StormLoad) { .choices = world->chosen, .rate = rate };
    world->recorder = storm_recorder_new("host", world->names, i, LATE, NULL);
    world->host = storm_host_new(URI, "host", &world->load, world->targets, world->recorder);
    set_gate(NO_LIMIT);
}

/* The run lasts for @length (ns). */
static void
world_start(World *world, guint clients, gint64 length)
{
    g_autofree char *error = NULL;

    world->start = storm_now();
    world->end = world->start + length;
    storm_host_end(world->host, world->end);
    g_assert_true(storm_host_start(world->host, clients, world->start, &error));
}

/* Waits until the run ends, and then for answers for @drain (ns). Returns
 * whether all threads have ended. */
static bool
world_end(World *world, gint64 drain)
{
    gint64 deadline;

    storm_sleep_until(world->end);
    deadline = storm_now() + drain;
    while (!storm_host_ended(world->host) && storm_now() < deadline)
        storm_sleep_until(storm_now() + STORM_MS);
    return storm_host_join(world->host);
}

static StormSummary
world_summary(World *world, guint call)
{
    StormSummary summary;

    storm_recorder_summary(world->recorder, call, &summary);
    return summary;
}

static void
world_clear(World *world)
{
    storm_host_free(world->host);
    storm_recorder_free(world->recorder);
    g_ptr_array_unref(world->targets);
    g_ptr_array_unref(world->chosen);
}

/* Queries that a schedule of all clients has before @after */
static guint64
due(gint64 after)
{
    guint64 sum = 0;
    guint i;

    for (i = 0; i < CLIENTS; i++) {
        StormSchedule schedule = storm_schedule_of_client(0, RATE, i, CLIENTS);

        sum += storm_schedule_due(&schedule, after);
    }
    return sum;
}

/* Queries that were late, by the histogram */
typedef struct {
    guint64 most;
    guint64 least;  /* without those of the bucket that has the limit in it */
} HeldUp;

static void
count_held_up(gint64 highest, guint64 count, gpointer opaque)
{
    HeldUp *held_up = opaque;

    if (highest > LATE)
        held_up->most += count;
    /* A bucket is not wider than a thousandth of what it holds. */
    if (highest - highest / 500 > LATE)
        held_up->least += count;
}

/* The server stands still for a while: exactly what was due is counted, and each query
 * from when it was due. */
static void
test_stall(void)
{
    const StormCall *const calls[] = { &gated, NULL };
    g_autoptr(StormHist) hist = NULL;
    StormSummary all;
    gint64 closed, opened;
    HeldUp held_up = { 0, 0 };
    World world;

    world_init(&world, RATE, calls);
    set_gate(10 * CLIENTS);
    world_start(&world, CLIENTS, 2 * STALL);
    closed = wait_for_clients();
    storm_sleep_until(closed + STALL);
    opened = storm_now();
    set_gate(NO_LIMIT);
    g_assert_true(world_end(&world, DRAIN));

    all = world_summary(&world, STORM_ALL_CALLS);
    g_assert_cmpuint(all.queries, ==, due(2 * STALL));
    g_assert_cmpuint(all.count[STORM_OK], ==, all.queries);
    g_assert_cmpint(all.all.max, >=, opened - closed);
    /* Without the schedule these would be as many as there are clients. */
    hist = storm_recorder_hist(world.recorder, 0);
    storm_hist_foreach(hist, count_held_up, &held_up);
    g_test_message("%" G_GUINT64_FORMAT " held up for more than half of the stall", all.late);
    g_assert_cmpuint(all.late + due(MIN(closed - world.start, 2 * STALL)), >=,
                     due(MIN(opened - LATE - world.start, 2 * STALL)));
    g_assert_cmpuint(all.late, <=, held_up.most);
    g_assert_cmpuint(all.late, >=, held_up.least);
    world_clear(&world);
}

/* The run ends while the server stands still: what is under way and what could
 * not be sent is outstanding, and counts once only. */
static void
test_outstanding(void)
{
    const StormCall *const calls[] = { &gated, NULL };
    StormSummary before, all;
    gint64 closed;
    World world;

    world_init(&world, RATE, calls);
    set_gate(10 * CLIENTS);
    world_start(&world, CLIENTS, STALL);
    closed = wait_for_clients();
    g_assert_false(world_end(&world, STALL / 4));
    before = world_summary(&world, STORM_ALL_CALLS);
    g_assert_cmpuint(before.queries, ==, due(STALL));
    g_assert_cmpuint(before.count[STORM_OK], ==, 10 * CLIENTS);
    g_assert_cmpuint(before.count[STORM_OUTSTANDING], ==, before.queries - 10 * CLIENTS);
    g_assert_cmpuint(before.unsent, ==, before.count[STORM_OUTSTANDING] - CLIENTS);
    /* as old as they are, up to the end of the waiting */
    g_assert_cmpint(before.all.max, >=, world.end + STALL / 4 - closed);

    /* What still comes does not count. */
    set_gate(NO_LIMIT);
    while (!storm_host_ended(world.host))
        storm_sleep_until(storm_now() + STORM_MS);
    all = world_summary(&world, STORM_ALL_CALLS);
    g_assert_cmpuint(all.queries, ==, before.queries);
    g_assert_cmpuint(all.count[STORM_OK], ==, before.count[STORM_OK]);
    g_assert_true(storm_host_join(world.host));
    world_clear(&world);
}

/* Tight loops: one query under way per client, no more. */
static void
test_tight(void)
{
    const StormCall *const calls[] = { &gated, NULL };
    StormPending pending;
    StormSummary all;
    gint64 closed;
    World world;

    world_init(&world, 0, calls);
    set_gate(10 * CLIENTS);
    world_start(&world, CLIENTS, DRAIN);
    closed = wait_for_clients();
    storm_host_pending(world.host, &pending);
    g_assert_cmpuint(pending.pending, ==, CLIENTS);
    g_assert_cmpint(pending.oldest, >=, world.start);
    g_assert_cmpint(pending.oldest, <=, closed);
    g_assert_false(storm_host_settled(world.host, closed));
    world.end = storm_now();
    storm_host_end(world.host, world.end);
    g_assert_false(world_end(&world, STALL / 4));
    all = world_summary(&world, STORM_ALL_CALLS);
    g_assert_cmpuint(all.count[STORM_OUTSTANDING], ==, CLIENTS);
    g_assert_cmpuint(all.unsent, ==, 0);
    g_assert_cmpuint(all.count[STORM_OK], ==, 10 * CLIENTS);
    set_gate(NO_LIMIT);
    while (!storm_host_ended(world.host))
        storm_sleep_until(storm_now() + STORM_MS);
    g_assert_true(storm_host_join(world.host));
    world_clear(&world);
}

/* Each outcome and each error code is counted where it belongs. */
static void
test_outcomes(void)
{
    const StormCall *const calls[] = { &gated, &failing, &off, &wrong, NULL };
    const StormOutcome wanted[] = { STORM_OK, STORM_ERROR, STORM_OFF, STORM_WRONG };
    g_autoptr(GPtrArray) errors = NULL;
    g_autoptr(GArray) codes = NULL;
    StormSummary one;
    World world;
    guint i;

    world_init(&world, RATE, calls);
    world_start(&world, CLIENTS, STORM_S / 5);
    g_assert_true(world_end(&world, DRAIN));
    for (i = 0; i < G_N_ELEMENTS(wanted); i++) {
        one = world_summary(&world, i);
        g_assert_cmpuint(one.queries, ==, RATE * CLIENTS / 4 / 5);
        g_assert_cmpuint(one.count[wanted[i]], ==, one.queries);
        g_assert_cmpuint(one.all.count, ==, one.queries);
        g_assert_cmpuint(one.answered.count, ==, wanted[i] == STORM_ERROR ? 0 : one.queries);
    }
    codes = storm_recorder_codes(world.recorder);
    g_assert_cmpuint(codes->len, ==, 1);
    g_assert_cmpint(g_array_index(codes, StormCodeCount, 0).code, ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpuint(g_array_index(codes, StormCodeCount, 0).count, ==, RATE * CLIENTS / 4 / 5);
    errors = storm_recorder_errors(world.recorder);
    g_assert_cmpuint(errors->len, ==, 2);
    for (i = 0; i < errors->len; i++)
        g_assert_cmpuint(((StormErrorCount *)g_ptr_array_index(errors, i))->count, ==,
                         RATE * CLIENTS / 4 / 5);
    world_clear(&world);
}

/* A host that does not know the domain */
static void
test_absent(void)
{
    const StormCall *const calls[] = { &gated, NULL };
    StormSummary all;
    World world;

    world_init(&world, RATE, calls);
    memset(((StormTarget *)g_ptr_array_index(world.targets, 0))->uuid, 7, VIR_UUID_BUFLEN);
    world_start(&world, 1, STORM_S / 10);
    g_assert_true(world_end(&world, DRAIN));
    all = world_summary(&world, STORM_ALL_CALLS);
    g_assert_cmpuint(all.count[STORM_ABSENT], ==, RATE / 10);
    g_assert_cmpuint(all.answered.count, ==, 0);
    world_clear(&world);
}

/* What is expected of a host is held against its answers. */
static void
test_expect(void)
{
    const struct {
        StormExpect expect;
        const StormCall *call;
        StormOutcome wanted;
    } cases[] = {
        { STORM_EXPECT_ANY, &gated, STORM_OK }, { STORM_EXPECT_ANY, &off, STORM_OFF },
        { STORM_EXPECT_HERE, &gated, STORM_OK }, { STORM_EXPECT_HERE, &off, STORM_WRONG },
        { STORM_EXPECT_AWAY, &gated, STORM_WRONG }, { STORM_EXPECT_AWAY, &off, STORM_OFF },
        { STORM_EXPECT_AWAY, &wrong, STORM_WRONG }, { STORM_EXPECT_HERE, &failing, STORM_ERROR },
    };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        const StormCall *const calls[] = { cases[i].call, NULL };
        StormSummary all;
        World world;

        world_init(&world, RATE, calls);
        storm_host_expect(world.host, cases[i].expect);
        world_start(&world, 1, STORM_S / 20);
        g_assert_true(world_end(&world, DRAIN));
        all = world_summary(&world, STORM_ALL_CALLS);
        g_assert_cmpuint(all.queries, ==, RATE / 20);
        g_assert_cmpuint(all.count[cases[i].wanted], ==, all.queries);
        world_clear(&world);
    }
}

/* The limit counts for the user, and not for root: be somebody else. The kernel's call is
 * for this thread, which starts the others. The C library's is for all: it interrupts
 * them, and waits for ever for ThreadSanitizer's own thread, which blocks all signals. */
static void
test_no_thread(void)
{
    const StormCall *const calls[] = { &gated, NULL };
    const struct rlimit limit = { 8, 8 };
    g_autofree char *error = NULL;
    StormSummary all;
    World world;

    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        return;
    }
    if (getuid() == 0)
        g_assert_cmpint(syscall(SYS_setuid, 61543), ==, 0);
    /* Connects as that user: GLib finds out the user's folders, once, before any thread
     * is there. The lock that it has for this is none that ThreadSanitizer sees. */
    world_init(&world, RATE, calls);
    g_assert_cmpint(setrlimit(RLIMIT_NPROC, &limit), ==, 0);
    set_gate(0);    /* so that none has ended before the next one is started */
    g_assert_false(storm_host_start(world.host, 5000, storm_now(), &error));
    g_assert_nonnull(strstr(error, "cannot start a thread"));
    /* Those that were started work, and end. */
    set_gate(NO_LIMIT);
    world.end = storm_now();
    storm_host_end(world.host, world.end);
    g_assert_true(world_end(&world, DRAIN));
    all = world_summary(&world, STORM_ALL_CALLS);
    g_assert_cmpuint(all.count[STORM_OK], ==, all.queries);
    world_clear(&world);
}

static void
ignore_error(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    virSetErrorFunc(NULL, ignore_error);
    g_assert_cmpint(virInitialize(), ==, 0);
    g_test_add_func("/client/stall", test_stall);
    g_test_add_func("/client/outstanding", test_outstanding);
    g_test_add_func("/client/tight", test_tight);
    g_test_add_func("/client/outcomes", test_outcomes);
    g_test_add_func("/client/absent", test_absent);
    g_test_add_func("/client/expect", test_expect);
    g_test_add_func("/client/no-thread", test_no_thread);
    return g_test_run();
}
