/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-prepare.c: what a run looks at before it starts, and how it is freed
 *
 * All of it is the main thread's, while no client runs.
 */

#include "storm-run.h"
#include "storm-text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A connection has a socket, the pipes of a helper if it is by ssh, and what
 * wakes its event loop. */
#define FILES_PER_CLIENT 5
#define FILES_BESIDES 64

/* Connects to @uri to look at it: sets its @name and what @real_uri is, were it
 * the default, and, unless there are some, the run's target and, with --all-domains,
 * the host's @targets. */
static bool
look_at_host(StormRun *run, const char *uri, char **name, char **real_uri,
             GPtrArray **targets, char **error)
{
    const StormOptions *options = run->options;
    g_autoptr(virConnect) conn = storm_connect(uri, STORM_READ_ONLY);
    g_autoptr(virDomain) domain = NULL;
    char *hostname = conn ? virConnectGetHostname(conn) : NULL;
    char *canonical = hostname ? virConnectGetURI(conn) : NULL;

    if (!canonical) {
        *error = storm_last_error();
        free(hostname);
        return false;
    }
    *name = g_strdup(hostname);
    *real_uri = g_strdup(*uri ? uri : canonical);
    free(canonical);
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
            *error = g_strdup_printf(_("%s has no active domain for %s"), name, choice->call->name);
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
                                  run->options->query_timeout, run->timeline);
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
    g_auto(GStrv) real_uris = g_new0(char *, n + 1);
    bool ok = true;
    guint i;

    for (i = 0; ok && i < n; i++) {
        g_autofree char *why = NULL;

        ok = look_at_host(run, uris[i], &names[i], &real_uris[i], &targets[i], &why);
        if (!ok)
            *error = g_strdup_printf("%s: %s", *uris[i] ? uris[i] : _("the default URI"), why);
    }
    if (ok && run->options->domain && !run->target) {
        /* It may not be on a host that is queried. */
        g_autofree char *name = NULL;
        g_autofree char *real_uri = NULL;

        ok = !run->options->from ||
             look_at_host(run, run->options->from, &name, &real_uri, NULL, error);
        if (ok && !run->target) {
            *error = g_strdup_printf(_("no host runs a domain %s"), run->options->domain);
            ok = false;
        }
    }
    for (i = 0; i < n; i++) {
        if (ok)
            ok = add_host(run, real_uris[i], names[i], g_steal_pointer(&targets[i]), error);
        g_clear_pointer(&targets[i], g_ptr_array_unref);
    }
    return ok;
}

/* Looks at one of the two hosts of the migrations. */
static bool
prepare_end(StormRun *run, guint index, const char *uri, char **error)
{
    StormEnd *end = &run->ends[index];
    g_autoptr(virConnect) conn = storm_connect(uri, STORM_READ_WRITE);
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
        if (strcmp(storm_host_uri(storm_run_host(run, i)), uri) == 0)
            end->host = storm_run_host(run, i);
    }
    state = storm_domain_state(conn, run->target->uuid);
    if (index == 0 && state != VIR_DOMAIN_RUNNING && state != VIR_DOMAIN_PAUSED &&
        !(run->options->flags.flags & VIR_MIGRATE_OFFLINE)) {
        *error = g_strdup_printf(_("%s does not run the domain %s"), end->name, run->target->name);
        return false;
    }
    return true;
}

static bool
prepare_migrations(StormRun *run, char **error)
{
    const char *from = run->options->from;
    const char *uris[] = { from ? from : storm_host_uri(storm_run_host(run, 0)),
                           run->options->migrate, NULL };
    guint i;

    run->n_ends = 2;
    run->ends = g_new0(StormEnd, run->n_ends);
    for (i = 0; i < run->n_ends; i++) {
        if (!prepare_end(run, i, uris[i], error))
            return false;
    }
    run->events = storm_events_new(uris, run->target->uuid, error);
    return run->events != NULL;
}

/* Listens to all hosts for migrations. */
static bool
prepare_watch(StormRun *run, char **error)
{
    const StormWatchUser user = { storm_run_watched, storm_run_watch_ended, run,
                                  run->options->round_timeout };
    g_autofree const char **uris = g_new0(const char *, run->hosts->len + 1);
    guint i;

    run->n_ends = run->hosts->len;
    run->ends = g_new0(StormEnd, run->n_ends);
    for (i = 0; i < run->n_ends; i++) {
        StormHost *host = storm_run_host(run, i);

        run->ends[i] = (StormEnd) { g_strdup(storm_host_uri(host)),
                                    g_strdup(storm_host_name(host)), host };
        uris[i] = storm_host_uri(host);
    }
    run->watch = storm_watch_new(uris, run->options->domain, &user, error);
    return run->watch != NULL;
}

/* Tells each host what is to be expected of it at the start. */
static bool
prepare_check(StormRun *run, char **error)
{
    guint i;

    if (!run->shape) {
        *error = g_strdup_printf(_("no host runs the domain %s"), run->options->domain);
        return false;
    }
    for (i = 0; i < run->hosts->len; i++) {
        g_autoptr(virConnect) conn = storm_connect(storm_host_uri(storm_run_host(run, i)),
                                                   STORM_READ_ONLY);
        int state = conn ? storm_domain_state(conn, run->target->uuid) : STORM_STATE_UNKNOWN;

        if (state == STORM_STATE_UNKNOWN) {
            *error = storm_last_error();
            return false;
        }
        storm_host_expect(storm_run_host(run, i),
                          state == STORM_STATE_ABSENT || state == VIR_DOMAIN_SHUTOFF
                          ? STORM_EXPECT_AWAY : STORM_EXPECT_HERE);
    }
    return true;
}

/* Raises this process's limit of open files to what the clients may need, or to
 * what it may be raised to. GLib ends a process that has none left, so more
 * clients than the limit allows are refused. Returns false and a message in
 * @error then. */
static bool
allow_files(const StormOptions *options, char **error)
{
    rlim_t needed = FILES_BESIDES;
    struct rlimit limit;
    guint i;

    for (i = 0; options->uris[i]; i++) {
        if (!g_str_has_prefix(options->uris[i], "test:"))
            needed += (rlim_t)options->clients * FILES_PER_CLIENT;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= needed)
        return true;
    limit.rlim_cur = MIN(needed, limit.rlim_max);
    if (limit.rlim_cur == needed && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return true;
    *error = g_strdup_printf(_("so many clients may need %llu open files, more than the limit of "
                               "%llu (ulimit -n)"), (unsigned long long)needed,
                             (unsigned long long)limit.rlim_max);
    return false;
}

/* @opaque: a StormRound, closed or not */
void
storm_round_free(gpointer opaque)
{
    StormRound *round = opaque;

    g_clear_pointer(&round->spans, g_ptr_array_unref);
    g_clear_pointer(&round->events, g_array_unref);
    g_free(round->domain);
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
    run->rounds = g_ptr_array_new_with_free_func(storm_round_free);
    run->faults = g_ptr_array_new_with_free_func(g_free);
    run->shown_faults = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < options->choices->len; i++)
        run->call_names[i] = ((StormChoice *)g_ptr_array_index(options->choices, i))->call->name;
    run->load = (StormLoad) { .choices = options->choices, .whole_host = options->all,
                              .rate = options->rate, .access = options->access,
                              .nowait = options->nowait };

    if (!allow_files(options, error))
        return false;
    if (options->timeline &&
        !(run->timeline = storm_timeline_new(options->timeline, error)))
        return false;
    if (options->heartbeat &&
        !(run->heartbeat = storm_heartbeat_new(options->heartbeat, options->heartbeat_prefix,
                                               error)))
        return false;
    if (!prepare_hosts(run, error))
        return false;
    if ((options->interval_log || options->hdr_log) &&
        !(run->intervals = storm_intervals_new(options->interval_log, options->hdr_log,
                                               options->interval, run->hosts, error)))
        return false;
    run->load.shape = run->shape;
    return (!options->migrate || prepare_migrations(run, error)) &&
           (!options->watch || prepare_watch(run, error)) &&
           (!options->check || prepare_check(run, error));
}

/* Frees what @run holds; all threads have ended, or were never started. */
void
storm_run_clear(StormRun *run)
{
    g_autofree char *ignored = NULL;
    guint i;

    storm_watch_free(run->watch);
    storm_events_free(run->events);
    storm_heartbeat_free(run->heartbeat);
    if (run->intervals)
        storm_intervals_close(run->intervals, &ignored);
    g_clear_pointer(&run->rounds, g_ptr_array_unref);
    g_clear_pointer(&run->hosts, g_ptr_array_unref);
    g_clear_pointer(&run->recorders, g_ptr_array_unref);
    g_clear_pointer(&run->targets, g_ptr_array_unref);
    g_clear_pointer(&run->faults, g_ptr_array_unref);
    g_clear_pointer(&run->shown_faults, g_ptr_array_unref);
    if (run->timeline)
        storm_timeline_close(run->timeline, &ignored);
    for (i = 0; i < run->n_ends; i++) {
        g_free(run->ends[i].uri);
        g_free(run->ends[i].name);
    }
    g_free(run->ends);
    storm_target_free(run->target);
    storm_shape_free(run->shape);
    g_free(run->call_names);
    g_free(run->unable);
    memset(run, 0, sizeof(*run));
}
