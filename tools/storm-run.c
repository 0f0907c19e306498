/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-run.c: the course of a run
 *
 * All of it is the main thread's; it needs no lock. While clients run, the main
 * thread itself makes no call that a host could hold up.
 */

#include "storm-judge.h"
#include "storm-report.h"

#define TICK (50 * STORM_MS)

/* How long the events of a migration may lag behind its end */
#define EVENT_WAIT (5 * STORM_S)

/* How long an aborted migration, and the clients of a run that ends before its
 * time, are waited for */
#define ABORT_WAIT (10 * STORM_S)
#define HURRY (1 * STORM_S)

static void
tick(void)
{
    storm_sleep_until(storm_now() + TICK);
}

/* Returns true if the run must end before its time. */
static bool
must_end(StormRun *run)
{
    if (!run->ending && atomic_load(run->signalled)) {
        run->interrupted = true;
        run->ending = true;
    }
    if (!run->ending && run->options->check)
        storm_judge_pending(run);
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
        tick();
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
        tick();
    }
}

/* Stores what the queries came to during the round. */
static void
collect_queries(StormRun *run, StormRound *round)
{
    StormHost *ends[] = { run->ends[round->source].host, run->ends[round->destination].host };
    guint i;

    for (i = 0; i < run->hosts->len; i++) {
        StormSummary summary;

        storm_recorder_summary(storm_host_recorder(storm_run_host(run, i)), STORM_SINCE_MARK,
                               STORM_ALL_CALLS, &summary);
        round->errors += summary.count[STORM_ERROR] + summary.count[STORM_WRONG];
        if (storm_run_host(run, i) == ends[0])
            round->queries[0] = summary;
        if (storm_run_host(run, i) == ends[1])
            round->queries[1] = summary;
    }
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
        .timeout = options->round_timeout * STORM_S,
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
        tick();
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
    guint i;

    /* Nobody asks for what was before; a run of weeks must not keep it. */
    storm_events_forget(run->events, storm_now());
    if (run->heartbeat)
        storm_heartbeat_forget(run->heartbeat, storm_now());
    for (i = 0; i < run->recorders->len; i++)
        storm_recorder_mark(g_ptr_array_index(run->recorders, i));
    expect(run, round->source, STORM_EXPECT_ANY);
    expect(run, round->destination, STORM_EXPECT_ANY);
    *stuck = !migrate(run, round);
    go = !round->migrated.error;
    find_downtime(run, round, go && !no_downtime);
    if (go) {
        expect(run, round->source, STORM_EXPECT_AWAY);
        expect(run, round->destination, STORM_EXPECT_HERE);
        if (round->downtime < 0 && !no_downtime)
            storm_run_fault(run, "round %u: no events tell of the downtime", round->number);
        storm_judge_whereabouts(run, round);
        go = settle(run, storm_now(), round);
    } else if (!run->interrupted) {
        storm_run_fault(run, "round %u: %s", round->number, round->migrated.error);
        run->ending = true;
    }
    if (run->heartbeat) {
        storm_heartbeat_between(run->heartbeat, round->migrated.start, storm_now(),
                                &round->pulse);
        round->has_pulse = true;
    }
    collect_queries(run, round);
    storm_report_round(run, round);
    return go;
}

/* Waits @ms. Returns false if the run must end. */
static bool
pause_between(StormRun *run, int ms)
{
    gint64 next = storm_now() + ms * STORM_MS;

    while (storm_now() < next) {
        if (must_end(run))
            return false;
        tick();
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
        round->source = i % 2;
        round->destination = 1 - round->source;
        round->downtime = -1;
        g_ptr_array_add(run->rounds, round);
        if (!run_round(run, round, &stuck) ||
            (i + 1 < rounds && !pause_between(run, run->options->pause_ms)))
            break;
    }
    return !stuck;
}

/* When a run without migrations is to end (ns) */
static gint64
planned_end(const StormRun *run)
{
    return run->start + (gint64)(run->options->seconds * STORM_S);
}

static void
run_for_seconds(StormRun *run)
{
    gint64 end = planned_end(run);

    while (storm_now() < end && !must_end(run)) {
        storm_report_status(run, NULL, -1);
        storm_sleep_until(MIN(end, storm_now() + TICK));
    }
}

/* Ends the queries, waits for answers as long as is asked for, and counts those
 * that did not come. Returns false if a thread has not ended. */
static bool
end_clients(StormRun *run)
{
    gint64 wait = (gint64)(run->options->drain * STORM_S);
    gint64 deadline;
    bool clean = true;
    guint i;

    run->end = storm_now();
    if (!run->options->migrate)
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
    bool clean = true;
    guint i;

    run->wall_start = g_get_real_time() / G_USEC_PER_SEC;
    run->start = storm_now();
    if (run->timeline)
        storm_timeline_start(run->timeline, run->start);
    for (i = 0; i < run->hosts->len; i++) {
        /* known beforehand, so that not one query too many is sent */
        if (!run->options->migrate)
            storm_host_end(storm_run_host(run, i), planned_end(run));
        if (!storm_host_start(storm_run_host(run, i), run->options->clients, run->start,
                              &run->unable)) {
            run->ending = true;
            return end_clients(run);
        }
    }
    if (run->options->migrate)
        clean = run_migrations(run);
    else
        run_for_seconds(run);
    clean &= end_clients(run);
    storm_judge_answers(run);
    return clean;
}
