/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-migrate.c: one migration, in threads of its own
 *
 * The worker makes the one long call. The observer has a connection of its own
 * to the source: it aborts the job, switches to post-copy, and asks how far the
 * migration is, if it is to; so it never calls unless it must. What both share
 * with the caller is atomic; no lock is needed.
 */

#include "storm-migrate.h"
#include "storm-connect.h"

#include <stdatomic.h>
#include <string.h>

#define POLL_INTERVAL (50 * STORM_MS)
#define WATCH_INTERVAL (250 * STORM_MS)

struct StormMigration {
    StormMigrateOptions options;
    gint64 created;
    pthread_t worker;
    pthread_t observer;
    StormMigrated result;   /* the worker's until it is @done */
    atomic_bool done;
    atomic_bool observed;   /* the observer has ended */
    _Atomic int progress;   /* percent of memory, or -1 */
    atomic_bool abort_wanted;
};

/* Returns the state of the domain @uuid on a host. */
int
storm_domain_state(virConnectPtr conn, const unsigned char *uuid)
{
    g_autoptr(virDomain) domain = virDomainLookupByUUID(conn, uuid);
    int state = STORM_STATE_UNKNOWN;

    if (!domain)
        return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? STORM_STATE_ABSENT : state;
    if (virDomainGetState(domain, &state, NULL, 0) < 0)
        return STORM_STATE_UNKNOWN;
    return state;
}

/* Makes the call. Returns NULL, or what went wrong, newly allocated. */
static char *
migrate(StormMigration *migration, virConnectPtr conn, virConnectPtr dconn)
{
    const StormMigrateOptions *options = &migration->options;
    unsigned int flags = options->flags->flags;
    const StormParams *params = options->params;
    g_autoptr(virDomain) domain = virDomainLookupByUUID(conn, options->uuid);
    g_autoptr(virDomain) moved = NULL;
    bool ok = false;

    migration->result.start = storm_now();
    if (domain && flags & VIR_MIGRATE_PEER2PEER) {
        ok = virDomainMigrateToURI3(domain, options->destination, params->params, params->n,
                                    flags) == 0;
    } else if (domain) {
        moved = virDomainMigrate3(domain, dconn, params->params, params->n, flags);
        ok = moved != NULL;
    }
    migration->result.end = storm_now();
    /* before anything is freed, which forgets libvirt's error */
    return ok ? NULL : storm_last_error();
}

static void *
worker_main(void *opaque)
{
    StormMigration *migration = opaque;
    StormMigrated *result = &migration->result;
    g_autoptr(virConnect) conn = storm_connect(migration->options.source, STORM_READ_WRITE);
    g_autoptr(virConnect) dconn = conn ? storm_connect(migration->options.destination,
                                                       STORM_READ_WRITE) : NULL;

    result->state[0] = result->state[1] = STORM_STATE_UNKNOWN;
    result->start = result->end = storm_now();
    result->error = dconn ? migrate(migration, conn, dconn) : storm_last_error();
    if (!result->error) {
        result->state[0] = storm_domain_state(conn, migration->options.uuid);
        result->state[1] = storm_domain_state(dconn, migration->options.uuid);
    }
    atomic_store(&migration->done, true);
    return NULL;
}

/* Reads from the job's statistics how many percent of the memory have been
 * moved (-1: not known), and in which pass over the memory it is. */
static int
read_progress(virDomainPtr domain, unsigned long long *pass)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    unsigned long long total = 0;
    unsigned long long remaining = 0;
    int type;
    int progress = -1;

    *pass = 0;
    if (virDomainGetJobStats(domain, &type, &params, &nparams, 0) == 0 &&
        type != VIR_DOMAIN_JOB_NONE) {
        virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_JOB_MEMORY_ITERATION, pass);
        virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_JOB_MEMORY_TOTAL, &total);
        if (total && virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_JOB_MEMORY_REMAINING,
                                             &remaining) == 1)
            progress = 100 - (int)(100 * remaining / total);
    }
    virTypedParamsFree(params, nparams);
    return progress;
}

static void
observe(StormMigration *migration, virDomainPtr domain)
{
    bool postcopy = migration->options.flags->postcopy_after_precopy;
    gint64 interval = postcopy ? POLL_INTERVAL : WATCH_INTERVAL;
    gint64 next = 0;

    while (!atomic_load(&migration->done)) {
        if ((migration->options.watch || postcopy) && storm_now() >= next) {
            unsigned long long pass;
            int progress = read_progress(domain, &pass);

            if (progress >= 0)
                atomic_store(&migration->progress, progress);
            if (postcopy && pass > 1)
                postcopy = virDomainMigrateStartPostCopy(domain, 0) < 0;
            next = storm_now() + interval;
        }
        if (atomic_load(&migration->abort_wanted))
            virDomainAbortJob(domain);
        storm_sleep_until(storm_now() + POLL_INTERVAL);
    }
}

static void *
observer_main(void *opaque)
{
    StormMigration *migration = opaque;
    g_autoptr(virConnect) conn = storm_connect(migration->options.source, STORM_READ_WRITE);
    g_autoptr(virDomain) domain = NULL;

    if (conn)
        domain = virDomainLookupByUUID(conn, migration->options.uuid);
    if (domain)
        observe(migration, domain);
    atomic_store(&migration->observed, true);
    return NULL;
}

/* Starts a migration; @options is copied, what it points to must last until
 * the end. Returns NULL and a message in @error if there cannot be a thread. */
StormMigration *
storm_migration_start(const StormMigrateOptions *options, char **error)
{
    StormMigration *migration = g_new0(StormMigration, 1);

    migration->options = *options;
    migration->progress = -1;
    migration->created = storm_now();
    if (!storm_thread_start(&migration->observer, observer_main, migration, error)) {
        g_free(migration);
        return NULL;
    }
    if (!storm_thread_start(&migration->worker, worker_main, migration, error)) {
        atomic_store(&migration->done, true);
        pthread_join(migration->observer, NULL);
        g_free(migration);
        return NULL;
    }
    return migration;
}

/* Returns whether it still runs. Aborts it if it has done so for too long; one that does
 * not end then is given up, as a host may take the abort and never answer. */
bool
storm_migration_running(StormMigration *migration)
{
    gint64 over = storm_now() - migration->created - migration->options.timeout;

    if (over > 0)
        storm_migration_abort(migration);
    return !atomic_load(&migration->done) && over <= migration->options.grace;
}

/* Returns how many percent of the memory have been moved, -1 if not known. */
int
storm_migration_progress(StormMigration *migration)
{
    return atomic_load(&migration->progress);
}

/* Has it aborted; that may take a while. */
void
storm_migration_abort(StormMigration *migration)
{
    atomic_store(&migration->abort_wanted, true);
}

/* Waits until the migration has ended, for @timeout (ns) at most, stores what
 * it came to in @result, the error of which is the caller's then, and frees
 * it. Returns false if it has not ended; the process can then do no more than
 * exit. */
bool
storm_migration_finish(StormMigration *migration, gint64 timeout, StormMigrated *result)
{
    gint64 deadline = storm_now() + timeout;

    while (!atomic_load(&migration->done) || !atomic_load(&migration->observed)) {
        gint64 now = storm_now();

        if (now > deadline) {
            *result = (StormMigrated) {
                .start = migration->created, .end = now,
                .error = g_strdup("the migration does not end"),
                .state = { STORM_STATE_UNKNOWN, STORM_STATE_UNKNOWN },
            };
            return false;
        }
        storm_sleep_until(now + STORM_MS);
    }
    pthread_join(migration->worker, NULL);
    pthread_join(migration->observer, NULL);
    *result = migration->result;
    g_free(migration);
    return true;
}
