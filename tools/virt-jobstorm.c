/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * virt-jobstorm.c: queries a domain in tight loops, while it runs or migrates
 *
 * Exit status: 0 if all went right, 1 if anything did not, 2 if it could not
 * begin.
 */

#include "storm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_US (50 * 1000)

/* How long the events of a migration may lag behind its end */
#define EVENT_WAIT_US (5 * G_USEC_PER_SEC)

static char **opt_uris;
static char *opt_domain;
static int opt_clients = 1;
static gboolean opt_migrate;
static int opt_rounds = 2;
static int opt_seconds;
static char *opt_flags;
static int opt_bandwidth;
static int opt_pause_ms = 500;
static int opt_query_timeout = 60;
static int opt_round_timeout = 300;
static char *opt_json;

static const GOptionEntry option_entries[] = {
    { "uri", 'u', 0, G_OPTION_ARG_STRING_ARRAY, &opt_uris,
      "Host to query; may be given several times", "URI" },
    { "domain", 'd', 0, G_OPTION_ARG_STRING, &opt_domain, "Domain to query", "NAME" },
    { "clients", 'c', 0, G_OPTION_ARG_INT, &opt_clients,
      "Clients per host, each with its own connection (default 1)", "N" },
    { "seconds", 's', 0, G_OPTION_ARG_INT, &opt_seconds,
      "Query for this long, without a migration", "N" },
    { "migrate", 'm', 0, G_OPTION_ARG_NONE, &opt_migrate,
      "Migrate the domain between the two hosts meanwhile", NULL },
    { "rounds", 'r', 0, G_OPTION_ARG_INT, &opt_rounds,
      "Number of migrations, there and back in turn (default 2)", "N" },
    { "flags", 'f', 0, G_OPTION_ARG_STRING, &opt_flags,
      "Migration flags, named as virsh names them (default live,persistent)", "LIST" },
    { "bandwidth", 'b', 0, G_OPTION_ARG_INT, &opt_bandwidth,
      "Limit of the migration's bandwidth in MiB/s", "N" },
    { "pause", 0, 0, G_OPTION_ARG_INT, &opt_pause_ms,
      "Milliseconds between two migrations (default 500)", "MS" },
    { "query-timeout", 0, 0, G_OPTION_ARG_INT, &opt_query_timeout,
      "Seconds after which a query without an answer is a failure (default 60)", "N" },
    { "round-timeout", 0, 0, G_OPTION_ARG_INT, &opt_round_timeout,
      "Seconds after which a migration is aborted, a failure (default 300)", "N" },
    { "json", 'j', 0, G_OPTION_ARG_FILENAME, &opt_json, "Write the results to FILE", "FILE" },
    { NULL }
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int signum G_GNUC_UNUSED)
{
    interrupted = 1;
}

static void
ignore_error(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static void G_GNUC_PRINTF(2, 3)
add_reason(StormRun *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(run->reasons, g_strdup_vprintf(format, args));
    va_end(args);
}

static StormHost *
host_of(StormRun *run, guint index)
{
    return g_ptr_array_index(run->hosts, index);
}

/* Returns true if the run must end before its time, and tells why when it
 * first finds out. */
static bool
must_end(StormRun *run)
{
    guint i;

    if (run->ending)
        return true;
    if (interrupted) {
        add_reason(run, "interrupted");
        run->ending = true;
    }
    for (i = 0; i < run->hosts->len && !run->ending; i++) {
        StormClient *stuck = storm_host_find_stuck(host_of(run, i),
                                                   opt_query_timeout * G_USEC_PER_SEC);

        if (stuck) {
            add_reason(run, "client %u of %s has had no answer for %d s",
                       stuck->number, stuck->host->name, opt_query_timeout);
            run->ending = true;
        }
    }
    return run->ending;
}

/* State of the domain on a host (VIR_DOMAIN_...), or -1 if it is not known
 * there, or -2 and a message in @error if the host cannot be asked */
static int
domain_state(StormHost *host, char **error)
{
    virConnectPtr conn = virConnectOpen(host->uri);
    virDomainPtr domain = conn ? virDomainLookupByName(conn, host->domain) : NULL;
    int state = -2;

    if (!domain && conn && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN) {
        state = -1;
    } else if (!domain || virDomainGetState(domain, &state, NULL, 0) < 0) {
        *error = storm_last_error();
        state = -2;
    }
    g_clear_pointer(&domain, virDomainFree);
    g_clear_pointer(&conn, virConnectClose);
    return state;
}

/* Finds the host on which the domain runs and learns there what answers look
 * like. Returns its index, or -1 after a message. */
static int
find_domain(StormRun *run)
{
    g_autofree char *error = NULL;
    virConnectPtr conn;
    virDomainPtr domain;
    StormShape *shape = NULL;
    int found = -1;
    guint i;

    for (i = 0; i < run->hosts->len; i++) {
        int state = domain_state(host_of(run, i), &error);

        if (state == -2) {
            fprintf(stderr, "virt-jobstorm: %s: %s\n", host_of(run, i)->name, error);
            return -1;
        }
        if (state == VIR_DOMAIN_RUNNING && found < 0)
            found = i;
    }
    if (found < 0) {
        fprintf(stderr, "virt-jobstorm: no host runs a domain %s\n", run->domain);
        return -1;
    }
    conn = virConnectOpen(host_of(run, found)->uri);
    domain = conn ? virDomainLookupByName(conn, run->domain) : NULL;
    if (domain)
        shape = storm_shape_learn(domain, &error);
    if (!shape) {
        fprintf(stderr, "virt-jobstorm: %s\n", error ? error : virGetLastErrorMessage());
        found = -1;
    }
    for (i = 0; i < run->hosts->len; i++)
        host_of(run, i)->shape = shape;
    g_clear_pointer(&domain, virDomainFree);
    g_clear_pointer(&conn, virConnectClose);
    return found;
}

/* Waits until every client has sent a query after @since and had its answer.
 * Returns false if the run must end. */
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
        g_usleep(TICK_US);
    }
    return true;
}

/* Sets the round's events and its downtime: the time from the source's last
 * SUSPENDED event to the first RESUMED event of the destination after it. */
static void
find_downtime(StormEvents *events, StormRound *round)
{
    gint64 deadline = g_get_monotonic_time() + EVENT_WAIT_US;

    round->downtime = -1;
    for (;;) {
        gint64 suspended = 0;
        guint i;

        g_clear_pointer(&round->events, g_array_unref);
        round->events = storm_events_since(events, round->start);
        for (i = 0; i < round->events->len; i++) {
            StormEvent *event = &g_array_index(round->events, StormEvent, i);

            if (event->host == round->source && event->event == VIR_DOMAIN_EVENT_SUSPENDED)
                suspended = event->when;
            if (event->host == round->destination && event->event == VIR_DOMAIN_EVENT_RESUMED &&
                suspended && round->downtime < 0)
                round->downtime = event->when - suspended;
        }
        if (round->downtime >= 0 || g_get_monotonic_time() > deadline)
            return;
        g_usleep(TICK_US);
    }
}

/* Checks that the domain runs on the destination, and only there. */
static void
check_whereabouts(StormRun *run, const StormRound *round)
{
    g_autofree char *error = NULL;
    int state = domain_state(host_of(run, round->destination), &error);

    if (state != VIR_DOMAIN_RUNNING)
        add_reason(run, "round %u: the domain's state on the destination is %d: %s",
                   round->number, state, error ? error : "not running");
    g_clear_pointer(&error, g_free);
    state = domain_state(host_of(run, round->source), &error);
    if (state != VIR_DOMAIN_SHUTOFF && state != -1)
        add_reason(run, "round %u: the domain's state on the source is %d: %s",
                   round->number, state, error ? error : "not off");
}

/* Runs one migration and waits for the queries that it held up. Returns false
 * if the run must end. */
static bool
run_round(StormRun *run, StormEvents *events, StormRound *round,
          const StormMigrateOptions *options)
{
    StormHost *source = host_of(run, round->source);
    StormHost *destination = host_of(run, round->destination);
    StormMigration *migration;
    bool end = false;
    bool ended;

    storm_host_expect(source, STORM_EXPECT_ANY);
    storm_host_expect(destination, STORM_EXPECT_ANY);
    migration = storm_migration_start(source->uri, destination->uri, run->domain, options);
    while (storm_migration_running(migration)) {
        if (!end && must_end(run)) {
            storm_migration_abort(migration);
            end = true;
        }
        if (end)
            break;
        storm_report_status(run, round, storm_migration_progress(migration));
        g_usleep(TICK_US);
    }
    ended = storm_migration_finish(migration, round, 10 * G_USEC_PER_SEC);
    if (ended && !round->error) {
        storm_host_expect(source, STORM_EXPECT_AWAY);
        storm_host_expect(destination, STORM_EXPECT_HERE);
        find_downtime(events, round);
        if (round->downtime < 0)
            add_reason(run, "round %u: no events tell of the downtime", round->number);
        check_whereabouts(run, round);
    } else {
        round->downtime = -1;
        add_reason(run, "round %u: %s", round->number, round->error);
        end = true;
    }
    if (!end && !settle(run, g_get_monotonic_time(), round))
        end = true;
    storm_host_take_stats(source, &round->stats[0]);
    storm_host_take_stats(destination, &round->stats[1]);
    round->errors = round->stats[0].count[STORM_ANSWER_WRONG] +
                    round->stats[1].count[STORM_ANSWER_WRONG];
    storm_report_round(run, round);
    return !end;
}

static void
run_migrations(StormRun *run, StormEvents *events, guint source,
               const StormMigrateOptions *options)
{
    guint i;

    storm_report_round_header();
    for (i = 0; i < run->rounds_wanted; i++) {
        StormRound *round = g_new0(StormRound, 1);
        gint64 next;

        round->number = i + 1;
        round->source = source;
        round->destination = 1 - source;
        g_ptr_array_add(run->rounds, round);
        if (!run_round(run, events, round, options))
            return;
        source = round->destination;

        next = g_get_monotonic_time() + opt_pause_ms * 1000;
        while (i + 1 < run->rounds_wanted && g_get_monotonic_time() < next) {
            if (must_end(run))
                return;
            g_usleep(TICK_US);
        }
    }
}

static void
run_for_seconds(StormRun *run)
{
    gint64 end = run->start + opt_seconds * G_USEC_PER_SEC;

    while (g_get_monotonic_time() < end && !must_end(run)) {
        storm_report_status(run, NULL, -1);
        g_usleep(TICK_US);
    }
    settle(run, g_get_monotonic_time(), NULL);
}

static void
round_free(gpointer opaque)
{
    StormRound *round = opaque;

    g_clear_pointer(&round->events, g_array_unref);
    g_free(round->error);
    g_free(round);
}

/* Adds what the answers came to as a whole to the reasons for failure. */
static void
judge_answers(StormRun *run)
{
    guint i;

    for (i = 0; i < run->hosts->len; i++) {
        StormHost *host = host_of(run, i);
        StormStats all;

        storm_host_peek_stats(host, &all);
        if (all.count[STORM_ANSWER_WRONG])
            add_reason(run, "%" G_GUINT64_FORMAT " wrong answers or errors on %s",
                       all.count[STORM_ANSWER_WRONG], host->name);
        /* Nothing checked is nothing proven. */
        if (opt_clients && opt_migrate && !all.count[STORM_ANSWER_ACTIVE])
            add_reason(run, "%s never answered for the active domain", host->name);
    }
}

static bool
parse_options(int *argc, char ***argv, StormMigrateOptions *migrate)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- query a domain in tight loops");
    g_autoptr(GError) gerror = NULL;
    g_autofree char *error = NULL;

    g_option_context_set_summary(context,
        "Queries a domain's statistics on one or more libvirt hosts from many clients at\n"
        "once, checks every answer, and can migrate the domain back and forth meanwhile.");
    g_option_context_set_description(context,
        "Examples:\n"
        "  virt-jobstorm --uri qemu:///system --domain vm1 --clients 8 --seconds 30\n"
        "  virt-jobstorm --uri qemu+ssh://a/system --uri qemu+ssh://b/system --domain vm1 \\\n"
        "                --migrate --rounds 10 --clients 4\n\n"
        "Exit status: 0: all went right, 1: something did not, 2: could not begin.");
    g_option_context_add_main_entries(context, option_entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &gerror))
        error = g_strdup(gerror->message);
    else if (*argc > 1)
        error = g_strdup_printf("unexpected argument %s", (*argv)[1]);
    else if (!opt_uris || !opt_domain)
        error = g_strdup("--uri and --domain are needed");
    else if (opt_migrate == (opt_seconds > 0))
        error = g_strdup("one of --migrate and --seconds is needed");
    else if (opt_migrate && g_strv_length(opt_uris) != 2)
        error = g_strdup("--migrate takes two hosts");
    else if (opt_clients < 0 || opt_rounds < 1 || opt_query_timeout < 1 ||
             opt_round_timeout < 1 || opt_bandwidth < 0 || opt_pause_ms < 0)
        error = g_strdup("a number is out of range");
    else
        storm_migrate_parse_flags(opt_flags ? opt_flags : "live,persistent",
                                  &migrate->flags, &error);
    if (error) {
        fprintf(stderr, "virt-jobstorm: %s (see --help)\n", error);
        return false;
    }
    migrate->bandwidth = opt_bandwidth;
    migrate->timeout = opt_round_timeout * G_USEC_PER_SEC;
    return true;
}

int
main(int argc, char **argv)
{
    struct sigaction action = { .sa_handler = on_signal };
    StormMigrateOptions migrate = { 0 };
    StormRun run = { 0 };
    StormEvents *events = NULL;
    StormShape *shape;
    g_autofree char *error = NULL;
    bool clean = true;
    int source;
    int status;
    guint i;

    if (!parse_options(&argc, &argv, &migrate))
        return 2;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    virSetErrorFunc(NULL, ignore_error);
    if (virInitialize() < 0 || !storm_events_init(&error)) {
        fprintf(stderr, "virt-jobstorm: libvirt: %s\n", error ? error : "no initialization");
        return 2;
    }

    run.domain = opt_domain;
    run.clients = opt_clients;
    run.rounds_wanted = opt_migrate ? opt_rounds : 0;
    run.hosts = g_ptr_array_new();
    run.rounds = g_ptr_array_new_with_free_func(round_free);
    run.reasons = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; opt_uris[i]; i++) {
        StormHost *host = storm_host_new(opt_uris[i], opt_domain, &error);

        if (!host) {
            fprintf(stderr, "virt-jobstorm: %s: %s\n", opt_uris[i], error);
            return 2;
        }
        g_ptr_array_add(run.hosts, host);
    }
    if ((source = find_domain(&run)) < 0)
        return 2;
    shape = host_of(&run, source)->shape;
    if (opt_migrate &&
        !(events = storm_events_new((const char **)opt_uris, opt_domain, &error))) {
        fprintf(stderr, "virt-jobstorm: %s\n", error);
        return 2;
    }

    run.start = g_get_monotonic_time();
    for (i = 0; i < run.hosts->len; i++) {
        storm_host_expect(host_of(&run, i),
                          i == (guint)source ? STORM_EXPECT_HERE : STORM_EXPECT_AWAY);
        storm_host_start_clients(host_of(&run, i), opt_clients);
    }
    if (opt_migrate)
        run_migrations(&run, events, source, &migrate);
    else
        run_for_seconds(&run);
    for (i = 0; i < run.hosts->len; i++)
        clean &= storm_host_stop_clients(host_of(&run, i),
                                         run.reasons->len ? G_USEC_PER_SEC
                                                          : opt_query_timeout * G_USEC_PER_SEC);
    if (!clean && !run.reasons->len)
        add_reason(&run, "a client did not end");

    judge_answers(&run);
    storm_report_summary(&run);
    status = run.reasons->len ? 1 : 0;
    if (opt_json && !storm_report_json(&run, opt_json))
        status = 1;
    if (!clean)
        _exit(status); /* a thread is still waiting inside libvirt */

    storm_events_free(events);
    storm_shape_free(shape);
    for (i = 0; i < run.hosts->len; i++)
        storm_host_free(host_of(&run, i));
    g_ptr_array_unref(run.hosts);
    g_ptr_array_unref(run.rounds);
    g_ptr_array_unref(run.reasons);
    return status;
}
