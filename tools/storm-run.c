/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-run.c: the course of a run
 *
 * All of it is the main thread's; it needs no lock. While clients run, the main
 * thread itself makes no call that a host could hold up.
 */

#include "storm-judge.h"
#include "storm-text.h"
#include "storm-report.h"

#define TICK (50 * STORM_MS)

/* How long the events of a migration may lag behind its end */
#define EVENT_WAIT (5 * STORM_S)

/* How long a migration that was aborted as it took too long may take to end */
#define GRACE (60 * STORM_S)

/* How long an aborted migration, a thread that looks for a host that is watched, and the
 * clients of a run that ends before its time, are waited for */
#define ABORT_WAIT (10 * STORM_S)
#define HURRY (1 * STORM_S)

/* Waits a moment, and does what is due at regular times. */
static void
tick(StormRun *run)
{
    storm_sleep_until(storm_now() + TICK);
    if (run->intervals)
        storm_intervals_tick(run->intervals);
}

/* Returns true if the run must end before its time. */
static bool
must_end(StormRun *run)
{
    if (!run->ending && atomic_load(run->signalled)) {
        /* Who watches without an end has no other way to end it. */
        run->interrupted = !run->options->watch || run->options->duration;
        run->ending = true;
    }
    if (!run->ending && run->options->check)
        storm_judge_pending(run);
    if (!run->ending)
        storm_judge_errors(run);
    return run->ending;
}

/* Waits until all clients have the answers that were due before @since. Returns
 * false if the run must end. */
static bool
settle(StormRun *run, gint64 since, const StormRound *round)
{
    guint i = 0;

    while (i < run->hosts->len) {
        if (storm_host_settled(storm_run_host(run, i), since)) {
            i++;
            continue;
        }
        if (must_end(run))
            return false;
        storm_report_status(run, round, 100);
        tick(run);
    }
    return true;
}

static void
expect(StormRun *run, guint end, StormExpect expect)
{
    if (run->options->check && run->ends[end].host)
        storm_host_expect(run->ends[end].host, expect);
}

/* Sets the round's events and its downtime, waiting for the events a while. */
static void
find_downtime(StormRun *run, StormRound *round, bool wanted)
{
    gint64 deadline = storm_now() + (wanted ? EVENT_WAIT : 0);

    for (;;) {
        g_clear_pointer(&round->events, g_array_unref);
        round->events = storm_events_since(run->events, round->migrated.start);
        round->downtime = storm_events_downtime(round->events, round->source,
                                                round->destination);
        if (round->downtime >= 0 || storm_now() > deadline)
            return;
        tick(run);
    }
}

/* From here on, queries count for @round. */
void
storm_round_open(StormRun *run, StormRound *round)
{
    guint i;

    round->spans = g_ptr_array_new_with_free_func((GDestroyNotify)storm_span_close);
    for (i = 0; i < run->recorders->len; i++)
        g_ptr_array_add(round->spans, storm_span_open(g_ptr_array_index(run->recorders, i)));
}

/* Stores what the queries came to since the round was opened. */
void
storm_round_close(StormRun *run, StormRound *round)
{
    StormHost *ends[] = { storm_run_end(run, round->source)->host,
                           storm_run_end(run, round->destination)->host };
    guint i;

    for (i = 0; i < run->hosts->len; i++) {
        StormSummary summary;

        storm_span_read(g_ptr_array_index(round->spans, i), false, &summary, NULL);
        round->errors += summary.count[STORM_ERROR] + summary.count[STORM_WRONG];
        if (storm_run_host(run, i) == ends[0])
            round->queries[0] = summary;
        if (storm_run_host(run, i) == ends[1])
            round->queries[1] = summary;
    }
    g_clear_pointer(&round->spans, g_ptr_array_unref);
}

/* Migrates. Returns false if the migration has not ended: the process can do
 * no more than exit. */
static bool
migrate(StormRun *run, StormRound *round)
{
    const StormOptions *options = run->options;
    const StormMigrateOptions how = {
        .source = run->ends[round->source].uri,
        .destination = run->ends[round->destination].uri,
        .uuid = run->target->uuid,
        .flags = &options->flags,
        .params = &options->params[round->source],
        .timeout = options->round_timeout,
        .grace = GRACE,
        .watch = !options->quiet,
    };
    StormMigration *migration = storm_migration_start(&how, &round->migrated.error);

    if (!migration) {
        round->migrated.start = round->migrated.end = storm_now();
        return true;
    }
    while (storm_migration_running(migration)) {
        if (must_end(run)) {
            storm_migration_abort(migration);
            break;
        }
        storm_report_status(run, round, storm_migration_progress(migration));
        tick(run);
    }
    return storm_migration_finish(migration, ABORT_WAIT, &round->migrated);
}

/* Runs one migration and waits for the queries that it held up. Returns false
 * if the run must end. Sets @stuck if the migration has not ended. */
static bool
run_round(StormRun *run, StormRound *round, bool *stuck)
{
    bool no_downtime = run->options->flags.flags & (VIR_MIGRATE_PAUSED | VIR_MIGRATE_OFFLINE);
    bool go;

    /* Nobody asks for what was before; a run of weeks must not keep it. */
    storm_events_forget(run->events, storm_now());
    if (run->heartbeat)
        storm_heartbeat_forget(run->heartbeat, storm_now());
    storm_round_open(run, round);
    expect(run, round->source, STORM_EXPECT_ANY);
    expect(run, round->destination, STORM_EXPECT_ANY);
    *stuck = !migrate(run, round);
    go = !round->migrated.error;
    find_downtime(run, round, go && !no_downtime);
    if (go) {
        expect(run, round->source, STORM_EXPECT_AWAY);
        expect(run, round->destination, STORM_EXPECT_HERE);
        if (round->downtime < 0 && !no_downtime)
            storm_run_fault(run, N_("round %u: no events tell of the downtime"), round->number);
        storm_judge_whereabouts(run, round);
        go = settle(run, storm_now(), round);
    } else if (!run->interrupted) {
        storm_run_fault(run, N_("round %u: %s"), round->number, round->migrated.error);
        run->ending = true;
    }
    if (run->heartbeat) {
        storm_heartbeat_between(run->heartbeat, round->migrated.start, storm_now(),
                                &round->pulse);
        round->has_pulse = true;
    }
    storm_round_close(run, round);
    storm_report_round(run, round);
    return go;
}

/* Returns at the time @next (ns), or before with false if the run must end. */
static bool
wait_until(StormRun *run, gint64 next)
{
    while (storm_now() < next) {
        if (must_end(run))
            return false;
        tick(run);
    }
    return true;
}

/* Returns false if a migration has not ended. */
static bool
run_migrations(StormRun *run)
{
    int rounds = run->options->rounds;
    bool stuck = false;
    int i;

    storm_report_round_header();
    for (i = 0; i < rounds; i++) {
        StormRound *round = g_new0(StormRound, 1);

        round->number = i + 1;
        round->domain = g_strdup(run->target->name);
        round->source = i % 2;
        round->destination = 1 - round->source;
        round->downtime = -1;
        g_ptr_array_add(run->rounds, round);
        if (!run_round(run, round, &stuck) ||
            (i + 1 < rounds && !wait_until(run, storm_now() + run->options->pause)))
            break;
    }
    return !stuck;
}

/* --- migrations of others --- */

/* Somebody's migration has begun. */
void
storm_run_watched(StormMove *move, gpointer opaque)
{
    StormRound *round = g_new0(StormRound, 1);

    round->domain = g_strdup(move->name);
    round->migrated.start = move->start;
    storm_round_open(opaque, round);
    move->opaque = round;
}

/* Somebody's migration has ended. */
void
storm_run_watch_ended(StormMove *move, gpointer opaque)
{
    StormRun *run = opaque;
    StormRound *round = move->opaque;

    round->number = ++run->rounds_seen;
    round->source = move->source;
    round->destination = move->destination;
    round->downtime = move->downtime;
    round->migrated.end = move->last;
    round->migrated.error = g_strdup(move->error);
    round->events = g_array_ref(move->events);
    run->failed += move->error != NULL;
    storm_round_close(run, round);
    storm_report_round(run, round);
    if (run->rounds->len < STORM_MAX_ROUNDS)
        g_ptr_array_add(run->rounds, round);
    else
        storm_round_free(round);
}

/* Watches until the time is up, as many migrations have ended as were asked for, or
 * somebody ends it. */
static void
run_watch(StormRun *run)
{
    gint64 end = run->options->duration ? run->start + run->options->duration : G_MAXINT64;
    guint64 rounds = run->options->rounds ? (guint64)run->options->rounds : G_MAXUINT64;

    storm_report_round_header();
    while (storm_now() < end && run->rounds_seen < rounds && !must_end(run)) {
        storm_watch_poll(run->watch);
        storm_report_status(run, NULL, -1);
        tick(run);
    }
    storm_watch_end(run->watch);
}

/* When a run without migrations is to end (ns) */
static gint64
planned_end(const StormRun *run)
{
    return run->start + run->options->duration;
}

static void
run_for_duration(StormRun *run)
{
    gint64 end = planned_end(run);

    while (storm_now() < end && !must_end(run)) {
        storm_report_status(run, NULL, -1);
        if (end - storm_now() < TICK)
            storm_sleep_until(end);
        else
            tick(run);
    }
}

/* Ends the queries, waits for answers as long as is asked for, and counts those
 * that did not come. Returns false if a thread has not ended. */
static bool
end_clients(StormRun *run)
{
    gint64 wait = run->options->drain;
    gint64 deadline;
    bool clean = true;
    guint i;

    run->end = MAX(storm_now(), run->start);
    if (run->options->duration)
        run->end = MIN(run->end, planned_end(run));
    deadline = storm_now() + (run->ending ? MIN(wait, HURRY) : wait);
    for (i = 0; i < run->hosts->len; i++)
        storm_host_end(storm_run_host(run, i), run->end);
    for (i = 0; i < run->hosts->len; i++) {
        while (!storm_host_ended(storm_run_host(run, i)) && storm_now() < deadline &&
               (run->ending || !atomic_load(run->signalled)))
            storm_sleep_until(storm_now() + STORM_MS);
    }
    for (i = 0; i < run->hosts->len; i++)
        clean &= storm_host_join(storm_run_host(run, i));
    return clean;
}

/* Runs all that was asked for. Returns true if all threads have ended; if not,
 * one is inside libvirt, and after its reports the process can do no more than
 * exit. */
bool
storm_run(StormRun *run)
{
    gint64 begin = storm_now();
    bool clean = true;
    guint i;

    run->wall_start = (g_get_real_time() + run->options->warm_up / 1000) / G_USEC_PER_SEC;
    run->start = begin + run->options->warm_up;
    if (run->timeline)
        storm_timeline_start(run->timeline, run->start);
    for (i = 0; i < run->hosts->len; i++) {
        storm_recorder_begin(storm_host_recorder(storm_run_host(run, i)), run->start);
        /* known beforehand, so that not one query too many is sent */
        if (run->options->duration)
            storm_host_end(storm_run_host(run, i), planned_end(run));
        if (!storm_host_start(storm_run_host(run, i), run->options->clients, begin,
                              &run->unable)) {
            run->ending = true;
            return end_clients(run);
        }
    }
    if (wait_until(run, run->start)) {
        if (run->intervals)
            storm_intervals_start(run->intervals, run->start);
        if (run->options->migrate)
            clean = run_migrations(run);
        else if (run->options->watch)
            run_watch(run);
        else
            run_for_duration(run);
    }
    clean &= end_clients(run);
    if (run->watch)
        clean &= storm_watch_stop(run->watch, ABORT_WAIT);
    if (run->intervals)
        storm_intervals_finish(run->intervals, storm_now());
    storm_judge_answers(run);
    storm_judge_errors(run);
    storm_judge_gates(run);
    return clean;
}
