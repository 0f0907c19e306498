/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-run.c: the course of a run
 *
 * All of it is the main thread's; it needs no lock. While clients run, the main
 * thread itself makes no call that a host could hold up.
 */

#include "storm-run.h"
#include "storm-report.h"

#include <stdlib.h>
#include <string.h>

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

static StormHost *
host_of(StormRun *run, guint index)
{
    return g_ptr_array_index(run->hosts, index);
}

/* Adds a reason why the run has failed. */
void
storm_run_fault(StormRun *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(run->faults, g_strdup_vprintf(format, args));
    va_end(args);
}

/* --- before it starts --- */

/* Connects to @uri to look at it: sets its @name and, unless there are some,
 * the run's target and, with --all-domains, the host's @targets. */
static bool
look_at_host(StormRun *run, const char *uri, char **name, GPtrArray **targets, char **error)
{
    const StormOptions *options = run->options;
    g_autoptr(virConnect) conn = virConnectOpen(uri);
    g_autoptr(virDomain) domain = NULL;
    char *hostname = conn ? virConnectGetHostname(conn) : NULL;

    if (!hostname) {
        *error = storm_last_error();
        return false;
    }
    *name = g_strdup(hostname);
    free(hostname);
    if (options->all && targets && !(*targets = storm_targets_active(conn, error)))
        return false;
    if (!options->domain || run->target)
        return true;
    domain = virDomainLookupByName(conn, options->domain);
    if (!domain && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        return true;
    if (!domain) {
        *error = storm_last_error();
        return false;
    }
    run->target = storm_target_new(domain, error);
    /* Where it is off may not be where it is. */
    if (run->target && !run->target->active && options->uris[1])
        g_clear_pointer(&run->target, storm_target_free);
    else if (run->target && options->check)
        run->shape = storm_shape_learn(domain, error);
    return !*error;
}

/* Makes sure that each call can be made for each target of a host. */
static bool
check_fit(StormRun *run, const char *name, const GPtrArray *targets, char **error)
{
    guint c, t;

    for (c = 0; c < run->options->choices->len; c++) {
        const StormChoice *choice = g_ptr_array_index(run->options->choices, c);

        if (run->load.whole_host && choice->call->flags & STORM_WHOLE_HOST)
            continue;
        if (!targets->len) {
            *error = g_strdup_printf("%s has no active domain for %s", name, choice->call->name);
            return false;
        }
        for (t = 0; t < targets->len; t++) {
            if (!storm_choice_fits(choice, g_ptr_array_index(targets, t), error))
                return false;
        }
    }
    return true;
}

/* Adds the host @uri, of which the name and, with --all-domains, the targets
 * are known. */
static bool
add_host(StormRun *run, const char *uri, const char *name, GPtrArray *targets, char **error)
{
    StormRecorder *recorder;

    if (!targets) {
        targets = g_ptr_array_new();
        g_ptr_array_add(targets, run->target);
    }
    g_ptr_array_add(run->targets, targets);
    if (!check_fit(run, name, targets, error))
        return false;
    recorder = storm_recorder_new(name, run->call_names, run->options->choices->len,
                                  run->options->query_timeout * STORM_S, run->timeline);
    g_ptr_array_add(run->recorders, recorder);
    g_ptr_array_add(run->hosts, storm_host_new(uri, name, &run->load, targets, recorder));
    return true;
}

/* Looks at all hosts to query. */
static bool
prepare_hosts(StormRun *run, char **error)
{
    char **uris = run->options->uris;
    guint n = g_strv_length(uris);
    g_autofree GPtrArray **targets = g_new0(GPtrArray *, n);
    g_auto(GStrv) names = g_new0(char *, n + 1);
    bool ok = true;
    guint i;

    for (i = 0; ok && i < n; i++) {
        g_autofree char *why = NULL;

        ok = look_at_host(run, uris[i], &names[i], &targets[i], &why);
        if (!ok)
            *error = g_strdup_printf("%s: %s", uris[i], why);
    }
    if (ok && run->options->domain && !run->target) {
        /* It may not be on a host that is queried. */
        g_autofree char *name = NULL;

        ok = !run->options->migrate ||
             look_at_host(run, run->options->from, &name, NULL, error);
        if (ok && !run->target) {
            *error = g_strdup_printf("no host runs a domain %s", run->options->domain);
            ok = false;
        }
    }
    for (i = 0; i < n; i++) {
        if (ok)
            ok = add_host(run, uris[i], names[i], g_steal_pointer(&targets[i]), error);
        g_clear_pointer(&targets[i], g_ptr_array_unref);
    }
    return ok;
}

/* Looks at one of the two hosts of the migrations. */
static bool
prepare_end(StormRun *run, guint index, const char *uri, char **error)
{
    StormEnd *end = &run->ends[index];
    g_autoptr(virConnect) conn = virConnectOpen(uri);
    char *name = conn ? virConnectGetHostname(conn) : NULL;
    int state;
    guint i;

    if (!name) {
        g_autofree char *why = storm_last_error();

        *error = g_strdup_printf("%s: %s", uri, why);
        return false;
    }
    end->uri = g_strdup(uri);
    end->name = g_strdup(name);
    free(name);
    for (i = 0; i < run->hosts->len; i++) {
        if (strcmp(storm_host_uri(host_of(run, i)), uri) == 0)
            end->host = host_of(run, i);
    }
    state = storm_domain_state(conn, run->target->uuid);
    if (index == 0 && state != VIR_DOMAIN_RUNNING && state != VIR_DOMAIN_PAUSED &&
        !(run->options->flags.flags & VIR_MIGRATE_OFFLINE)) {
        *error = g_strdup_printf("%s does not run the domain %s", end->name, run->target->name);
        return false;
    }
    return true;
}

static bool
prepare_migrations(StormRun *run, char **error)
{
    const char *uris[] = { run->options->from, run->options->migrate, NULL };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(run->ends); i++) {
        if (!prepare_end(run, i, uris[i], error))
            return false;
    }
    run->events = storm_events_new(uris, run->target->uuid, error);
    return run->events != NULL;
}

/* Tells each host what is to be expected of it at the start. */
static bool
prepare_check(StormRun *run, char **error)
{
    guint i;

    if (!run->shape) {
        *error = g_strdup_printf("no host runs the domain %s", run->options->domain);
        return false;
    }
    for (i = 0; i < run->hosts->len; i++) {
        g_autoptr(virConnect) conn = virConnectOpen(storm_host_uri(host_of(run, i)));
        int state = conn ? storm_domain_state(conn, run->target->uuid) : STORM_STATE_UNKNOWN;

        if (state == STORM_STATE_UNKNOWN) {
            *error = storm_last_error();
            return false;
        }
        storm_host_expect(host_of(run, i),
                          state == STORM_STATE_ABSENT || state == VIR_DOMAIN_SHUTOFF
                          ? STORM_EXPECT_AWAY : STORM_EXPECT_HERE);
    }
    return true;
}

static void
round_free(gpointer opaque)
{
    StormRound *round = opaque;

    g_clear_pointer(&round->events, g_array_unref);
    g_free(round->migrated.error);
    g_free(round);
}

/* Looks at hosts and domain and opens the files. @signalled: set by somebody
 * else when the run is to end. @run is to be cleared with storm_run_clear()
 * whatever this returns: false and a message in @error if the run cannot
 * begin. */
bool
storm_run_prepare(StormRun *run, const StormOptions *options, atomic_int *signalled,
                  char **error)
{
    guint i;

    memset(run, 0, sizeof(*run));
    run->options = options;
    run->signalled = signalled;
    run->call_names = g_new0(const char *, options->choices->len);
    run->hosts = g_ptr_array_new_with_free_func((GDestroyNotify)storm_host_free);
    run->recorders = g_ptr_array_new_with_free_func((GDestroyNotify)storm_recorder_free);
    run->targets = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    run->rounds = g_ptr_array_new_with_free_func(round_free);
    run->faults = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < options->choices->len; i++)
        run->call_names[i] = ((StormChoice *)g_ptr_array_index(options->choices, i))->call->name;
    run->load = (StormLoad) { .choices = options->choices, .whole_host = options->all,
                              .rate = options->rate, .nowait = options->nowait };

    if (options->timeline &&
        !(run->timeline = storm_timeline_new(options->timeline, error)))
        return false;
    if (options->heartbeat &&
        !(run->heartbeat = storm_heartbeat_new(options->heartbeat, options->heartbeat_prefix,
                                               error)))
        return false;
    if (!prepare_hosts(run, error))
        return false;
    run->load.shape = run->shape;
    return (!options->migrate || prepare_migrations(run, error)) &&
           (!options->check || prepare_check(run, error));
}

/* Frees what @run holds; all threads have ended, or were never started. */
void
storm_run_clear(StormRun *run)
{
    g_autofree char *ignored = NULL;
    guint i;

    storm_events_free(run->events);
    storm_heartbeat_free(run->heartbeat);
    g_clear_pointer(&run->hosts, g_ptr_array_unref);
    g_clear_pointer(&run->recorders, g_ptr_array_unref);
    g_clear_pointer(&run->targets, g_ptr_array_unref);
    g_clear_pointer(&run->rounds, g_ptr_array_unref);
    g_clear_pointer(&run->faults, g_ptr_array_unref);
    if (run->timeline)
        storm_timeline_close(run->timeline, &ignored);
    for (i = 0; i < G_N_ELEMENTS(run->ends); i++) {
        g_free(run->ends[i].uri);
        g_free(run->ends[i].name);
    }
    storm_target_free(run->target);
    storm_shape_free(run->shape);
    g_free(run->call_names);
    memset(run, 0, sizeof(*run));
}

/* --- while it runs --- */

/* With --check, a query that is without an answer for too long is a fault and
 * ends the run. */
static void
look_for_stuck(StormRun *run)
{
    guint i;

    for (i = 0; i < run->hosts->len && !run->ending; i++) {
        StormPending pending;

        storm_host_pending(host_of(run, i), &pending);
        if (!pending.oldest ||
            storm_now() - pending.oldest <= run->options->query_timeout * STORM_S)
            continue;
        storm_run_fault(run, "client %u of %s has had no answer for %d s", pending.client,
                        storm_host_name(host_of(run, i)), run->options->query_timeout);
        run->ending = true;
    }
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
        look_for_stuck(run);
    return run->ending;
}

/* Waits until all clients have the answers that were due before @since. Returns
 * false if the run must end. */
static bool
settle(StormRun *run, gint64 since, const StormRound *round)
{
    guint i = 0;

    while (i < run->hosts->len) {
        if (storm_host_settled(host_of(run, i), since)) {
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

/* Judges where the domain is after the migration. */
static void
judge_whereabouts(StormRun *run, const StormRound *round)
{
    unsigned int flags = run->options->flags.flags;
    const int *state = round->migrated.state;
    int wanted = flags & VIR_MIGRATE_OFFLINE ? VIR_DOMAIN_SHUTOFF
                 : flags & VIR_MIGRATE_PAUSED ? VIR_DOMAIN_PAUSED : VIR_DOMAIN_RUNNING;

    /* One that was paused before stays so. */
    if (state[1] != wanted && !(wanted == VIR_DOMAIN_RUNNING && state[1] == VIR_DOMAIN_PAUSED &&
                                !run->options->check))
        storm_run_fault(run, "round %u: the domain's state on the destination is %d, not %d",
                        round->number, state[1], wanted);
    if (state[0] != VIR_DOMAIN_SHUTOFF && state[0] != STORM_STATE_ABSENT)
        storm_run_fault(run, "round %u: the domain's state on the source is %d, not off",
                        round->number, state[0]);
}

/* Stores what the queries came to during the round. */
static void
collect_queries(StormRun *run, StormRound *round)
{
    StormHost *ends[] = { run->ends[round->source].host, run->ends[round->destination].host };
    guint i;

    for (i = 0; i < run->hosts->len; i++) {
        StormSummary summary;

        storm_recorder_summary(storm_host_recorder(host_of(run, i)), STORM_SINCE_MARK,
                               STORM_ALL_CALLS, &summary);
        round->errors += summary.count[STORM_ERROR] + summary.count[STORM_WRONG];
        if (host_of(run, i) == ends[0])
            round->queries[0] = summary;
        if (host_of(run, i) == ends[1])
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
    StormMigration *migration = storm_migration_start(&how);

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
        judge_whereabouts(run, round);
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
        storm_host_end(host_of(run, i), run->end);
    for (i = 0; i < run->hosts->len; i++) {
        while (!storm_host_ended(host_of(run, i)) && storm_now() < deadline &&
               (run->ending || !atomic_load(run->signalled)))
            storm_sleep_until(storm_now() + STORM_MS);
    }
    for (i = 0; i < run->hosts->len; i++)
        clean &= storm_host_join(host_of(run, i));
    return clean;
}

/* Adds what the answers came to as a whole to the faults. */
static void
judge_answers(StormRun *run)
{
    guint i;

    for (i = 0; i < run->hosts->len; i++) {
        const char *name = storm_host_name(host_of(run, i));
        guint64 bad, outstanding;
        StormSummary all;

        storm_recorder_summary(storm_host_recorder(host_of(run, i)), STORM_SINCE_START,
                               STORM_ALL_CALLS, &all);
        bad = all.count[STORM_ERROR] + all.count[STORM_WRONG];
        outstanding = all.count[STORM_OUTSTANDING];
        /* Nothing asked is nothing learnt. */
        if (run->options->clients && bad + outstanding == all.queries && !run->interrupted)
            storm_run_fault(run, "no query to %s was answered", name);
        if (!run->options->check)
            continue;
        if (bad)
            storm_run_fault(run, "%" G_GUINT64_FORMAT " wrong answers or errors on %s", bad, name);
        if (outstanding && !run->ending)
            storm_run_fault(run, "%" G_GUINT64_FORMAT " queries to %s have no answer",
                            outstanding, name);
        if (run->options->clients && run->options->migrate && !all.count[STORM_OK])
            storm_run_fault(run, "%s never answered for the active domain", name);
    }
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
            storm_host_end(host_of(run, i), planned_end(run));
        storm_host_start(host_of(run, i), run->options->clients, run->start);
    }
    if (run->options->migrate)
        clean = run_migrations(run);
    else
        run_for_seconds(run);
    clean &= end_clients(run);
    judge_answers(run);
    return clean;
}
