/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-migrate.c: migrations, their progress, and the downtime they cost
 */

#include "storm.h"

#include <string.h>

#define PROGRESS_INTERVAL_US (250 * 1000)

/* Names are those of virsh migrate's options. */
static const struct {
    const char *name;
    unsigned int flag;
} flag_names[] = {
    { "live", VIR_MIGRATE_LIVE },
    { "persistent", VIR_MIGRATE_PERSIST_DEST },
    { "undefinesource", VIR_MIGRATE_UNDEFINE_SOURCE },
    { "unsafe", VIR_MIGRATE_UNSAFE },
    { "p2p", VIR_MIGRATE_PEER2PEER },
    { "tunnelled", VIR_MIGRATE_TUNNELLED },
    { "parallel", VIR_MIGRATE_PARALLEL },
    { "auto-converge", VIR_MIGRATE_AUTO_CONVERGE },
    { "compressed", VIR_MIGRATE_COMPRESSED },
    { "change-protection", VIR_MIGRATE_CHANGE_PROTECTION },
    { "abort-on-error", VIR_MIGRATE_ABORT_ON_ERROR },
};

/* Turns a comma-separated list of names into flags of virDomainMigrate3(). */
bool
storm_migrate_parse_flags(const char *list, unsigned int *flags, char **error)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);
    size_t i, n;

    *flags = 0;
    for (i = 0; names[i]; i++) {
        if (!*names[i])
            continue;
        for (n = 0; n < G_N_ELEMENTS(flag_names); n++) {
            if (strcmp(names[i], flag_names[n].name) == 0)
                break;
        }
        if (n == G_N_ELEMENTS(flag_names)) {
            *error = g_strdup_printf("unknown migration flag %s", names[i]);
            return false;
        }
        *flags |= flag_names[n].flag;
    }
    return true;
}

/* --- events --- */

struct StormEvents {
    char *domain;
    guint count;
    virConnectPtr *conns;
    struct StormEventsSource {
        StormEvents *events; /* counted while libvirt has the callback */
        guint host;
        int callback; /* number that libvirt gave, or -1 */
    } *sources;
    pthread_mutex_t lock;
    GArray *seen; /* of StormEvent */
};

static gpointer
event_main(gpointer opaque G_GNUC_UNUSED)
{
    for (;;) {
        if (virEventRunDefaultImpl() < 0)
            g_usleep(10 * 1000);
    }
    return NULL;
}

/* A timer that never does anything else than keep the loop from sleeping for
 * ever; without one, new connections would have to wait for an event. */
static void
event_tick(int timer G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
}

/* Starts libvirt's event loop in a thread of its own. To be called once,
 * before the first connection is opened. */
bool
storm_events_init(char **error)
{
    if (virEventRegisterDefaultImpl() < 0 ||
        virEventAddTimeout(1000, event_tick, NULL, NULL) < 0) {
        *error = storm_last_error();
        return false;
    }
    g_thread_unref(g_thread_new("storm-events", event_main, NULL));
    return true;
}

static void
events_clear(gpointer opaque)
{
    StormEvents *events = opaque;

    g_free(events->domain);
    g_free(events->conns);
    g_free(events->sources);
    g_array_unref(events->seen);
    pthread_mutex_destroy(&events->lock);
}

/* libvirt calls it once it will not call the callback any more */
static void
source_done(void *opaque)
{
    struct StormEventsSource *source = opaque;

    g_atomic_rc_box_release_full(source->events, events_clear);
}

static int
lifecycle_cb(virConnectPtr conn G_GNUC_UNUSED, virDomainPtr domain, int event, int detail,
             void *opaque)
{
    struct StormEventsSource *source = opaque;
    StormEvent entry = { g_get_monotonic_time(), source->host, event, detail };

    if (strcmp(virDomainGetName(domain), source->events->domain) != 0)
        return 0;
    pthread_mutex_lock(&source->events->lock);
    g_array_append_val(source->events->seen, entry);
    pthread_mutex_unlock(&source->events->lock);
    return 0;
}

/* Listens on connections of its own to the NULL-terminated list of @uris.
 * Returns NULL and a message in @error on failure. */
StormEvents *
storm_events_new(const char **uris, const char *domain, char **error)
{
    StormEvents *events = g_atomic_rc_box_new0(StormEvents);
    guint i;

    events->domain = g_strdup(domain);
    events->count = g_strv_length((char **)uris);
    events->conns = g_new0(virConnectPtr, events->count);
    events->sources = g_new0(struct StormEventsSource, events->count);
    events->seen = g_array_new(FALSE, FALSE, sizeof(StormEvent));
    pthread_mutex_init(&events->lock, NULL);
    for (i = 0; i < events->count; i++)
        events->sources[i] = (struct StormEventsSource) { events, i, -1 };

    for (i = 0; i < events->count; i++) {
        events->conns[i] = virConnectOpen(uris[i]);
        if (events->conns[i]) {
            g_atomic_rc_box_acquire(events);
            events->sources[i].callback = virConnectDomainEventRegisterAny(
                events->conns[i], NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                VIR_DOMAIN_EVENT_CALLBACK(lifecycle_cb), &events->sources[i], source_done);
        }
        if (events->sources[i].callback < 0) {
            *error = storm_last_error();
            storm_events_free(events);
            return NULL;
        }
    }
    return events;
}

/* Returns a new array of the StormEvents since the time @since. */
GArray *
storm_events_since(StormEvents *events, gint64 since)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(StormEvent));
    guint i;

    pthread_mutex_lock(&events->lock);
    for (i = 0; i < events->seen->len; i++) {
        StormEvent *event = &g_array_index(events->seen, StormEvent, i);

        if (event->when >= since)
            g_array_append_val(found, *event);
    }
    pthread_mutex_unlock(&events->lock);
    return found;
}

/* A callback that is running may go on to use what there is. */
void
storm_events_free(StormEvents *events)
{
    guint i;

    if (!events)
        return;
    for (i = 0; i < events->count; i++) {
        if (events->sources[i].callback >= 0)
            virConnectDomainEventDeregisterAny(events->conns[i],
                                               events->sources[i].callback);
        if (events->conns[i])
            virConnectClose(events->conns[i]);
    }
    g_atomic_rc_box_release_full(events, events_clear);
}

/* --- one migration --- */

struct StormMigration {
    char *uri[2]; /* source and destination */
    char *domain;
    StormMigrateOptions options;
    gint64 created;
    gint64 start; /* once the connections are open */
    GThread *worker;
    GThread *observer;
    atomic_bool done;  /* the worker has set @end and @error */
    gint64 end;
    char *error;
    _Atomic int progress; /* percent of memory, or -1 */
    atomic_bool abort_wanted;
};

/* Runs the migration; returns a message on failure, NULL on success. */
static char *
migrate(StormMigration *migration)
{
    const StormMigrateOptions *options = &migration->options;
    bool peer2peer = options->flags & VIR_MIGRATE_PEER2PEER;
    virConnectPtr conn = virConnectOpen(migration->uri[0]);
    virConnectPtr dconn = conn && !peer2peer ? virConnectOpen(migration->uri[1]) : NULL;
    virDomainPtr domain = NULL;
    virDomainPtr moved = NULL;
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int maxparams = 0;
    char *error = NULL;
    bool ok = conn && (peer2peer || dconn) &&
              (domain = virDomainLookupByName(conn, migration->domain));

    if (ok && options->bandwidth)
        ok = virTypedParamsAddULLong(&params, &nparams, &maxparams,
                                     VIR_MIGRATE_PARAM_BANDWIDTH, options->bandwidth) == 0;
    migration->start = g_get_monotonic_time();
    if (ok && peer2peer) {
        ok = virDomainMigrateToURI3(domain, migration->uri[1], params, nparams,
                                    options->flags) == 0;
    } else if (ok) {
        moved = virDomainMigrate3(domain, dconn, params, nparams, options->flags);
        ok = moved != NULL;
    }
    if (!ok)
        error = storm_last_error();
    migration->end = g_get_monotonic_time();

    virTypedParamsFree(params, nparams);
    g_clear_pointer(&moved, virDomainFree);
    g_clear_pointer(&domain, virDomainFree);
    g_clear_pointer(&dconn, virConnectClose);
    g_clear_pointer(&conn, virConnectClose);
    return error;
}

static gpointer
worker_main(gpointer opaque)
{
    StormMigration *migration = opaque;

    migration->error = migrate(migration);
    atomic_store(&migration->done, true);
    return NULL;
}

/* Percent of memory that has been moved according to the job's statistics */
static int
read_progress(virDomainPtr domain)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    unsigned long long total = 0;
    unsigned long long remaining = 0;
    int type;
    int progress = -1;

    if (virDomainGetJobStats(domain, &type, &params, &nparams, 0) == 0 &&
        type != VIR_DOMAIN_JOB_NONE &&
        virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_JOB_MEMORY_TOTAL, &total) == 1 &&
        virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_JOB_MEMORY_REMAINING,
                                &remaining) == 1 && total)
        progress = 100 - (int)(100 * remaining / total);
    virTypedParamsFree(params, nparams);
    return progress;
}

/* Follows the migration on a connection of its own, and aborts it when asked. */
static gpointer
observer_main(gpointer opaque)
{
    StormMigration *migration = opaque;
    virConnectPtr conn = virConnectOpen(migration->uri[0]);
    virDomainPtr domain = conn ? virDomainLookupByName(conn, migration->domain) : NULL;

    while (domain && !atomic_load(&migration->done)) {
        int progress = read_progress(domain);

        if (progress >= 0)
            atomic_store(&migration->progress, progress);
        if (atomic_load(&migration->abort_wanted))
            virDomainAbortJob(domain);
        g_usleep(PROGRESS_INTERVAL_US);
    }
    g_clear_pointer(&domain, virDomainFree);
    g_clear_pointer(&conn, virConnectClose);
    return NULL;
}

StormMigration *
storm_migration_start(const char *source_uri, const char *destination_uri,
                      const char *domain, const StormMigrateOptions *options)
{
    StormMigration *migration = g_new0(StormMigration, 1);

    migration->uri[0] = g_strdup(source_uri);
    migration->uri[1] = g_strdup(destination_uri);
    migration->domain = g_strdup(domain);
    migration->options = *options;
    migration->progress = -1;
    migration->created = g_get_monotonic_time();
    migration->worker = g_thread_new("storm-migrate", worker_main, migration);
    migration->observer = g_thread_new("storm-observer", observer_main, migration);
    return migration;
}

bool
storm_migration_running(StormMigration *migration)
{
    if (migration->options.timeout &&
        g_get_monotonic_time() - migration->created > migration->options.timeout)
        storm_migration_abort(migration);
    return !atomic_load(&migration->done);
}

int
storm_migration_progress(StormMigration *migration)
{
    return atomic_load(&migration->progress);
}

void
storm_migration_abort(StormMigration *migration)
{
    atomic_store(&migration->abort_wanted, true);
}

/* Waits until the migration has ended, for @timeout at most, stores what it
 * came to in @round, and frees it. Returns false if it has not ended; the
 * process can then do no more than exit. */
bool
storm_migration_finish(StormMigration *migration, StormRound *round, gint64 timeout)
{
    gint64 deadline = g_get_monotonic_time() + timeout;

    while (!atomic_load(&migration->done)) {
        if (g_get_monotonic_time() > deadline) {
            round->error = g_strdup("the migration does not end");
            return false;
        }
        g_usleep(1000);
    }
    g_thread_join(migration->worker);
    g_thread_join(migration->observer);
    round->start = migration->start;
    round->end = migration->end;
    round->error = migration->error;
    g_free(migration->uri[0]);
    g_free(migration->uri[1]);
    g_free(migration->domain);
    g_free(migration);
    return true;
}
