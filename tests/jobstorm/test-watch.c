/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * test-watch.c: migrations of others, as events tell of them
 */

#include "storm-watch.h"

#include <string.h>

#define STARTED VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED
#define BOOTED VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED
#define PASS STORM_EVENT_PASS, 1
#define SUSPENDED VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED
#define POSTCOPY VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY
#define PAUSED VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_PAUSED
#define UNPAUSED VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_UNPAUSED
#define RESUMED VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_MIGRATED
#define POSTCOPIED VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_POSTCOPY
#define LEFT VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED
#define FAILED VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED
#define CRASHED VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED
#define SHUTDOWN VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN

typedef struct {
    guint begun;
    guint ended;
    int source;
    int destination;
    gint64 start;
    gint64 downtime;
    bool failed;
} Seen;

static void
note_begun(StormMove *move G_GNUC_UNUSED, gpointer opaque)
{
    ((Seen *)opaque)->begun++;
}

static void
note_ended(StormMove *move, gpointer opaque)
{
    Seen *seen = opaque;

    seen->ended++;
    seen->source = move->source;
    seen->destination = move->destination;
    seen->start = move->start;
    seen->downtime = move->downtime;
    seen->failed = move->error != NULL;
}

static StormWatch *
new_watch(Seen *seen)
{
    const StormWatchUser user = { note_begun, note_ended, seen, 300 * STORM_S };
    g_autofree char *error = NULL;
    StormWatch *watch = storm_watch_new(NULL, NULL, &user, &error);

    g_assert_nonnull(watch);
    return watch;
}

static void
feed(StormWatch *watch, guint domain, StormEvent event)
{
    StormWatchEvent full = { .event = event };
    char name[] = "vm";

    memset(full.uuid, domain, sizeof(full.uuid));
    full.name = name;
    storm_watch_feed(watch, &full);
}

static void
test_moves(void)
{
    const struct {
        const char *what;
        Seen seen;              /* without @begun: each has one that has ended */
        StormEvent events[8];   /* up to one at the time 0 */
    } cases[] = {
        { "both hosts", { 1, 1, 0, 1, 10, 5, false },
          { { 10, 1, STARTED }, { 15, 0, PASS }, { 20, 0, SUSPENDED }, { 25, 1, RESUMED },
            { 30, 0, LEFT } } },
        { "the source says first that it is over", { 1, 1, 1, 0, 10, 5, false },
          { { 10, 0, STARTED }, { 20, 1, SUSPENDED }, { 22, 1, LEFT }, { 25, 0, RESUMED } } },
        { "post-copy", { 1, 1, 0, 1, 10, 3, false },
          { { 10, 1, STARTED }, { 20, 0, POSTCOPY }, { 23, 1, POSTCOPIED }, { 50, 0, LEFT } } },
        { "paused by somebody meanwhile", { 1, 1, 0, 1, 10, 5, false },
          { { 10, 1, STARTED }, { 12, 0, PAUSED }, { 14, 0, UNPAUSED }, { 20, 0, SUSPENDED },
            { 25, 1, RESUMED }, { 26, 0, LEFT } } },
        { "cannot be received", { 1, 1, STORM_NOWHERE, 1, 10, -1, true },
          { { 10, 1, STARTED }, { 12, 1, FAILED } } },
        { "aborted amid the switchover", { 1, 1, 0, 1, 10, -1, true },
          { { 10, 1, STARTED }, { 12, 0, SUSPENDED }, { 13, 0, UNPAUSED } } },
        { "the guest ends on the source", { 1, 1, 0, 1, 10, -1, true },
          { { 10, 1, STARTED }, { 11, 0, PASS }, { 13, 0, CRASHED } } },
        { "no migration", { 0, 0, 0, 0, 0, 0, false },
          { { 10, 1, BOOTED }, { 12, 1, PAUSED }, { 13, 1, UNPAUSED }, { 14, 1, SHUTDOWN },
            { 15, 0, RESUMED }, { 16, 0, LEFT } } },
    };
    guint i, n;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        Seen seen = { 0 };
        StormWatch *watch = new_watch(&seen);

        g_test_message("%s", cases[i].what);
        for (n = 0; n < G_N_ELEMENTS(cases[i].events) && cases[i].events[n].when; n++)
            feed(watch, 1, cases[i].events[n]);
        g_assert_cmpuint(storm_watch_open(watch), ==, 0);
        g_assert_cmpmem(&seen, sizeof(seen), &cases[i].seen, sizeof(seen));
        storm_watch_free(watch);
    }
}

/* Two guests at once, in opposite directions */
static void
test_two(void)
{
    Seen seen = { 0 };
    StormWatch *watch = new_watch(&seen);

    feed(watch, 1, (StormEvent) { 10, 1, STARTED });
    feed(watch, 2, (StormEvent) { 11, 0, STARTED });
    feed(watch, 1, (StormEvent) { 20, 0, SUSPENDED });
    feed(watch, 2, (StormEvent) { 21, 1, SUSPENDED });
    g_assert_cmpuint(storm_watch_open(watch), ==, 2);
    feed(watch, 2, (StormEvent) { 28, 0, RESUMED });
    feed(watch, 2, (StormEvent) { 29, 1, LEFT });
    g_assert_cmpuint(seen.ended, ==, 1);
    g_assert_cmpint(seen.downtime, ==, 7);
    feed(watch, 1, (StormEvent) { 30, 1, RESUMED });
    feed(watch, 1, (StormEvent) { 31, 0, LEFT });
    g_assert_cmpuint(seen.ended, ==, 2);
    g_assert_cmpint(seen.downtime, ==, 10);
    g_assert_cmpint(seen.destination, ==, 1);
    storm_watch_free(watch);
}

/* One of the hosts is not watched, or the end is not seen. */
static void
test_expire(void)
{
    Seen seen = { 0 };
    StormWatch *watch = new_watch(&seen);

    /* only the source */
    feed(watch, 1, (StormEvent) { 1 * STORM_S, 0, PASS });
    feed(watch, 1, (StormEvent) { 2 * STORM_S, 0, SUSPENDED });
    feed(watch, 1, (StormEvent) { 3 * STORM_S, 0, LEFT });
    storm_watch_expire(watch, 4 * STORM_S);
    g_assert_cmpuint(seen.ended, ==, 0);
    storm_watch_expire(watch, 9 * STORM_S);
    g_assert_cmpuint(seen.ended, ==, 1);
    g_assert_cmpint(seen.source, ==, 0);
    g_assert_cmpint(seen.destination, ==, STORM_NOWHERE);
    g_assert_false(seen.failed);
    /* only the destination */
    feed(watch, 1, (StormEvent) { 11 * STORM_S, 0, STARTED });
    feed(watch, 1, (StormEvent) { 12 * STORM_S, 0, RESUMED });
    storm_watch_expire(watch, 20 * STORM_S);
    g_assert_cmpuint(seen.ended, ==, 2);
    g_assert_cmpint(seen.source, ==, STORM_NOWHERE);
    g_assert_cmpint(seen.downtime, ==, -1);
    /* aborted while nothing but the source is watched */
    feed(watch, 1, (StormEvent) { 30 * STORM_S, 0, PASS });
    storm_watch_expire(watch, 300 * STORM_S);
    g_assert_cmpuint(seen.ended, ==, 2);
    storm_watch_expire(watch, 331 * STORM_S);
    g_assert_cmpuint(seen.ended, ==, 3);
    g_assert_true(seen.failed);
    /* the run ends */
    feed(watch, 1, (StormEvent) { 400 * STORM_S, 1, STARTED });
    storm_watch_end(watch);
    g_assert_cmpuint(seen.ended, ==, 4);
    g_assert_true(seen.failed);
    storm_watch_free(watch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch/moves", test_moves);
    g_test_add_func("/watch/two", test_two);
    g_test_add_func("/watch/expire", test_expire);
    return g_test_run();
}
