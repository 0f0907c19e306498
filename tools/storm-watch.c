/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-watch.c: migrations that others start, from the events of their hosts
 *
 * libvirt's QEMU driver tells of a migration by these events: the destination by
 * Started (migrated) when it is ready, and Resumed when the guest runs; the source by
 * each pass over the memory, Suspended (migrated, post-copy) when it stops the guest,
 * and Stopped (migrated) at the end. One that fails has Stopped (failed) on the
 * destination, or Resumed on the source. The hosts' events come in any order.
 *
 * The callbacks put events into a queue, which the main thread reads; the lock is
 * over the queue. A thread of its own keeps the connections, as opening one may take
 * as long as a host likes: a daemon that is started again is found again, but what
 * happened meanwhile is missed, which is counted as a gap.
 */

#include "storm-watch.h"
#include "storm-text.h"
#include "storm-connect.h"

#include <stdatomic.h>
#include <string.h>

/* Where the main thread does not come to read them */
#define MAX_QUEUED 100000

/* Events of one migration that are kept */
#define MAX_KEPT 1000

/* How long the last event of the other host may lag behind */
#define GRACE (5 * STORM_S)

#define RETRY_INTERVAL (1 * STORM_S)

typedef struct {
    StormWatch *watch;      /* counted while libvirt has a callback */
    guint host;
    char *uri;
    virConnectPtr conn;     /* the thread's */
} Source;

struct StormWatch {
    StormWatchUser user;
    char *domain;           /* the only one to watch, or NULL */
    GPtrArray *moves;       /* of StormMove: the main thread's */
    Source *sources;
    guint n;
    pthread_t thread;
    bool started;
    atomic_bool ending;
    atomic_bool ended;      /* the thread */
    _Atomic guint64 gaps;
    pthread_mutex_t lock;   /* over what follows */
    GQueue queue;           /* of StormWatchEvent */
};

static void
event_free(gpointer opaque)
{
    StormWatchEvent *event = opaque;

    g_free(event->name);
    g_free(event);
}

static void
move_free(gpointer opaque)
{
    StormMove *move = opaque;

    g_free(move->name);
    g_array_unref(move->events);
    g_free(move);
}

static void
watch_clear(gpointer opaque)
{
    StormWatch *watch = opaque;
    guint i;

    for (i = 0; i < watch->n; i++)
        g_free(watch->sources[i].uri);
    g_free(watch->sources);
    g_free(watch->domain);
    g_ptr_array_unref(watch->moves);
    g_queue_clear_full(&watch->queue, event_free);
    pthread_mutex_destroy(&watch->lock);
}

/* --- events --- */

static void
queue_event(Source *source, virDomainPtr domain, int event, int detail)
{
    StormWatch *watch = source->watch;
    StormWatchEvent *entry;
    bool full;

    if (watch->domain && g_strcmp0(virDomainGetName(domain), watch->domain) != 0)
        return;
    entry = g_new0(StormWatchEvent, 1);
    entry->event = (StormEvent) { storm_now(), source->host, event, detail };
    entry->name = g_strdup(virDomainGetName(domain));
    virDomainGetUUID(domain, entry->uuid);
    pthread_mutex_lock(&watch->lock);
    full = g_queue_get_length(&watch->queue) >= MAX_QUEUED;
    if (!full)
        g_queue_push_tail(&watch->queue, entry);
    pthread_mutex_unlock(&watch->lock);
    if (full) {
        atomic_fetch_add(&watch->gaps, 1);
        event_free(entry);
    }
}

static int
lifecycle_cb(virConnectPtr conn G_GNUC_UNUSED, virDomainPtr domain, int event, int detail,
             void *opaque)
{
    queue_event(opaque, domain, event, detail);
    return 0;
}

static void
pass_cb(virConnectPtr conn G_GNUC_UNUSED, virDomainPtr domain, int pass, void *opaque)
{
    queue_event(opaque, domain, STORM_EVENT_PASS, pass);
}

/* libvirt calls it once it will not call the callback any more */
static void
source_done(void *opaque)
{
    Source *source = opaque;

    g_atomic_rc_box_release_full(source->watch, watch_clear);
}

/* --- connections --- */

static bool
listen_to(Source *source, int id, virConnectDomainEventGenericCallback callback)
{
    g_atomic_rc_box_acquire(source->watch);
    if (virConnectDomainEventRegisterAny(source->conn, NULL, id, callback, source,
                                         source_done) >= 0)
        return true;
    g_atomic_rc_box_release_full(source->watch, watch_clear);
    return false;
}

/* Closing a connection takes its callbacks away. */
static bool
source_open(Source *source)
{
    source->conn = storm_connect(source->uri, STORM_READ_ONLY);
    if (source->conn && listen_to(source, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                  VIR_DOMAIN_EVENT_CALLBACK(lifecycle_cb))) {
        /* Not every driver has it; the other events will do. */
        if (!listen_to(source, VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
                       VIR_DOMAIN_EVENT_CALLBACK(pass_cb)))
            virResetLastError();
        return true;
    }
    return false;
}

static void
source_close(Source *source)
{
    g_clear_pointer(&source->conn, virConnectClose);
}

static void *
watch_main(void *opaque)
{
    StormWatch *watch = opaque;
    gint64 next = 0;
    guint i;

    while (!atomic_load(&watch->ending)) {
        for (i = 0; storm_now() >= next && i < watch->n; i++) {
            Source *source = &watch->sources[i];

            if (source->conn && virConnectIsAlive(source->conn) == 1)
                continue;
            if (source->conn)
                atomic_fetch_add(&watch->gaps, 1);
            source_close(source);
            if (!source_open(source))
                source_close(source);
        }
        if (storm_now() >= next)
            next = storm_now() + RETRY_INTERVAL;
        storm_sleep_until(storm_now() + 50 * STORM_MS);
    }
    atomic_store(&watch->ended, true);
    return NULL;
}

/* Watches the hosts of the NULL-terminated list @uris, for the migrations of @domain
 * or, if that is NULL, of all. Without @uris events come by storm_watch_feed() alone.
 * Returns NULL and a message in @error if a host cannot be watched. */
StormWatch *
storm_watch_new(const char *const *uris, const char *domain, const StormWatchUser *user,
                char **error)
{
    StormWatch *watch = g_atomic_rc_box_new0(StormWatch);
    guint i;

    watch->user = *user;
    watch->domain = g_strdup(domain);
    watch->moves = g_ptr_array_new_with_free_func(move_free);
    watch->n = uris ? g_strv_length((char **)uris) : 0;
    watch->sources = g_new0(Source, watch->n);
    pthread_mutex_init(&watch->lock, NULL);
    for (i = 0; i < watch->n; i++)
        watch->sources[i] = (Source) { watch, i, g_strdup(uris[i]), NULL };
    for (i = 0; i < watch->n; i++) {
        if (!source_open(&watch->sources[i])) {
            g_autofree char *why = storm_last_error();

            *error = g_strdup_printf("%s: %s", uris[i], why);
            storm_watch_free(watch);
            return NULL;
        }
    }
    watch->started = storm_thread_start(&watch->thread, watch_main, watch, error);
    if (!watch->started)
        g_clear_pointer(&watch, storm_watch_free);
    return watch;
}

/* Stops to listen. Returns false if that is not done within @timeout (ns): a host that does
 * not answer keeps the thread, and the process can do no more than exit. */
bool
storm_watch_stop(StormWatch *watch, gint64 timeout)
{
    gint64 deadline = storm_now() + timeout;

    atomic_store(&watch->ending, true);
    while (watch->started && !atomic_load(&watch->ended)) {
        if (storm_now() > deadline)
            return false;
        storm_sleep_until(storm_now() + STORM_MS);
    }
    return true;
}

/* @watch may be NULL. */
void
storm_watch_free(StormWatch *watch)
{
    guint i;

    if (!watch)
        return;
    atomic_store(&watch->ending, true);
    if (watch->started)
        pthread_join(watch->thread, NULL);
    for (i = 0; i < watch->n; i++)
        source_close(&watch->sources[i]);
    g_atomic_rc_box_release_full(watch, watch_clear);
}

/* --- migrations --- */

static void
finish(StormWatch *watch, StormMove *move)
{
    watch->user.ended(move, watch->user.opaque);
    g_ptr_array_remove(watch->moves, move);
}

static StormMove *
find_move(StormWatch *watch, const unsigned char *uuid)
{
    guint i;

    for (i = 0; i < watch->moves->len; i++) {
        StormMove *move = g_ptr_array_index(watch->moves, i);

        if (memcmp(move->uuid, uuid, sizeof(move->uuid)) == 0)
            return move;
    }
    return NULL;
}

/* Whether @event is one with which a migration may begin to be seen */
static bool
begins(const StormEvent *event)
{
    switch (event->event) {
    case STORM_EVENT_PASS:
        return true;
    case VIR_DOMAIN_EVENT_STARTED:
        return event->detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED;
    case VIR_DOMAIN_EVENT_SUSPENDED:
        return event->detail == VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED ||
               event->detail == VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY;
    default:
        return false;
    }
}

static void
take_suspended(StormMove *move, const StormEvent *event)
{
    if (!begins(event))
        return;
    move->source = event->host;
    move->suspended = event->when;
}

static void
take_resumed(StormMove *move, const StormEvent *event)
{
    if ((int)event->host == move->source) {
        /* by whoever suspended it, too; only after the switchover is it a failure */
        if (move->suspended && !move->resumed)
            move->error = N_("the guest runs on the source again");
        return;
    }
    /* Somebody may resume it on a source that is not known yet. */
    if (event->detail != VIR_DOMAIN_EVENT_RESUMED_MIGRATED &&
        event->detail != VIR_DOMAIN_EVENT_RESUMED_POSTCOPY &&
        (int)event->host != move->destination)
        return;
    move->destination = event->host;
    if (!move->resumed && move->suspended)
        move->downtime = event->when - move->suspended;
    move->resumed = true;
}

static void
take_stopped(StormMove *move, const StormEvent *event)
{
    if (event->detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED) {
        move->source = event->host;
        move->stopped = true;
    } else if ((int)event->host == move->destination) {
        move->error = N_("stopped on the destination");
    } else {
        move->error = N_("stopped on the source");
    }
}

/* Takes one event, in the order in which they came. The main thread's. */
void
storm_watch_feed(StormWatch *watch, const StormWatchEvent *event)
{
    StormMove *move = find_move(watch, event->uuid);
    const StormEvent *what = &event->event;

    if (!move) {
        if (!begins(what))
            return;
        move = g_new0(StormMove, 1);
        memcpy(move->uuid, event->uuid, sizeof(move->uuid));
        move->name = g_strdup(event->name);
        move->source = move->destination = STORM_NOWHERE;
        move->start = what->when;
        move->downtime = -1;
        move->events = g_array_new(FALSE, FALSE, sizeof(StormEvent));
        g_ptr_array_add(watch->moves, move);
        watch->user.begun(move, watch->user.opaque);
    }
    move->last = what->when;
    if (move->events->len < MAX_KEPT && what->event != STORM_EVENT_PASS)
        g_array_append_val(move->events, *what);
    switch (what->event) {
    case STORM_EVENT_PASS:
        move->source = what->host;
        break;
    case VIR_DOMAIN_EVENT_STARTED:
        if (begins(what))
            move->destination = what->host;
        break;
    case VIR_DOMAIN_EVENT_SUSPENDED:
        take_suspended(move, what);
        break;
    case VIR_DOMAIN_EVENT_RESUMED:
        take_resumed(move, what);
        break;
    case VIR_DOMAIN_EVENT_STOPPED:
        take_stopped(move, what);
        break;
    default:
        break;
    }
    if (move->error || (move->resumed && move->stopped))
        finish(watch, move);
}

/* Ends migrations whose other host is not watched, or says no more. */
void
storm_watch_expire(StormWatch *watch, gint64 now)
{
    guint i = watch->moves->len;

    while (i--) {
        StormMove *move = g_ptr_array_index(watch->moves, i);
        gint64 silence = now - move->last;

        if ((move->resumed || move->stopped) && silence > GRACE) {
            finish(watch, move);
        } else if (silence > watch->user.timeout) {
            move->error = N_("not seen to end");
            finish(watch, move);
        }
    }
}

/* Takes the events that have come. To be called often, by the main thread. */
void
storm_watch_poll(StormWatch *watch)
{
    StormWatchEvent *event;

    do {
        pthread_mutex_lock(&watch->lock);
        event = g_queue_pop_head(&watch->queue);
        pthread_mutex_unlock(&watch->lock);
        if (event) {
            storm_watch_feed(watch, event);
            event_free(event);
        }
    } while (event);
    storm_watch_expire(watch, storm_now());
}

/* Ends what is still under way. */
void
storm_watch_end(StormWatch *watch)
{
    while (watch->moves->len) {
        StormMove *move = g_ptr_array_index(watch->moves, 0);

        if (!move->resumed && !move->stopped)
            move->error = N_("under way when the run ended");
        finish(watch, move);
    }
}

/* Returns how many migrations are under way. */
guint
storm_watch_open(const StormWatch *watch)
{
    return watch->moves->len;
}

/* Returns how often events may have been missed. */
guint64
storm_watch_gaps(StormWatch *watch)
{
    return atomic_load(&watch->gaps);
}
