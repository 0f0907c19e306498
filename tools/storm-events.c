/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-events.c: lifecycle events of a domain on several hosts, on one clock
 *
 * All events are stamped by this process when libvirt's event loop, in a thread
 * of its own, reads them: the hosts' clocks do not matter, but what holds up a
 * daemon or the network before it sends an event counts.
 *
 * The lock is over the events that were seen; no caller needs one.
 */

#include "storm-events.h"
#include "storm-connect.h"

#include <string.h>

/* Somebody may suspend and resume the domain all the time. The oldest of too
 * many events are lost: the downtime is told by the newest. */
#define MAX_EVENTS 10000

struct StormEvents {
    unsigned char uuid[VIR_UUID_BUFLEN];
    guint count;
    virConnectPtr *conns;
    struct StormEventsSource {
        StormEvents *events; /* counted while libvirt has the callback */
        guint host;
        int callback; /* number that libvirt gave, or -1 */
    } *sources;
    pthread_mutex_t lock;
    GArray *seen; /* of StormEvent */
    guint64 lost;
};

static void *
event_main(void *opaque G_GNUC_UNUSED)
{
    for (;;) {
        if (virEventRunDefaultImpl() < 0)
            storm_sleep_until(storm_now() + 10 * STORM_MS);
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
    pthread_t thread;

    if (virEventRegisterDefaultImpl() < 0 ||
        virEventAddTimeout(1000, event_tick, NULL, NULL) < 0) {
        *error = storm_last_error();
        return false;
    }
    if (!storm_thread_start(&thread, event_main, NULL, error))
        return false;
    pthread_detach(thread);
    return true;
}

static void
events_clear(gpointer opaque)
{
    StormEvents *events = opaque;

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
    StormEvent entry = { storm_now(), source->host, event, detail };
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (virDomainGetUUID(domain, uuid) < 0 ||
        memcmp(uuid, source->events->uuid, sizeof(uuid)) != 0)
        return 0;
    pthread_mutex_lock(&source->events->lock);
    if (source->events->seen->len >= MAX_EVENTS) {
        g_array_remove_range(source->events->seen, 0, MAX_EVENTS / 2);
        source->events->lost += MAX_EVENTS / 2;
    }
    g_array_append_val(source->events->seen, entry);
    pthread_mutex_unlock(&source->events->lock);
    return 0;
}

/* Listens on connections of its own to the NULL-terminated list of @uris, for
 * the domain @uuid. Returns NULL and a message in @error on failure. */
StormEvents *
storm_events_new(const char *const *uris, const unsigned char *uuid, char **error)
{
    StormEvents *events = g_atomic_rc_box_new0(StormEvents);
    guint i;

    memcpy(events->uuid, uuid, sizeof(events->uuid));
    events->count = g_strv_length((char **)uris);
    events->conns = g_new0(virConnectPtr, events->count);
    events->sources = g_new0(struct StormEventsSource, events->count);
    events->seen = g_array_new(FALSE, FALSE, sizeof(StormEvent));
    pthread_mutex_init(&events->lock, NULL);
    for (i = 0; i < events->count; i++)
        events->sources[i] = (struct StormEventsSource) { events, i, -1 };

    for (i = 0; i < events->count; i++) {
        events->conns[i] = storm_connect(uris[i], STORM_READ_ONLY);
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

/* Returns a new array of the StormEvents since the time @since (ns). */
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

/* Forgets the events before the time @before (ns). */
void
storm_events_forget(StormEvents *events, gint64 before)
{
    guint n = 0;

    pthread_mutex_lock(&events->lock);
    while (n < events->seen->len && g_array_index(events->seen, StormEvent, n).when < before)
        n++;
    if (n)
        g_array_remove_range(events->seen, 0, n);
    pthread_mutex_unlock(&events->lock);
}

/* Returns how many events were too many to keep. */
guint64
storm_events_lost(StormEvents *events)
{
    guint64 lost;

    pthread_mutex_lock(&events->lock);
    lost = events->lost;
    pthread_mutex_unlock(&events->lock);
    return lost;
}

/* A callback that is running may go on to use what there is. @events may be
 * NULL. */
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

/* Whether @event tells that the guest was stopped, or resumed, by a migration.
 * @strict: without it, any event that is not due to a call of suspend or
 * resume will do. */
static bool
by_migration(const StormEvent *event, int type, bool strict)
{
    if (event->event != type)
        return false;
    if (type == VIR_DOMAIN_EVENT_SUSPENDED)
        return strict ? event->detail == VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED ||
                        event->detail == VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY
                      : event->detail != VIR_DOMAIN_EVENT_SUSPENDED_PAUSED;
    return strict ? event->detail == VIR_DOMAIN_EVENT_RESUMED_MIGRATED ||
                    event->detail == VIR_DOMAIN_EVENT_RESUMED_POSTCOPY
                  : event->detail != VIR_DOMAIN_EVENT_RESUMED_UNPAUSED;
}

static gint64
find_downtime(const GArray *seen, guint source, guint destination, bool strict)
{
    gint64 suspended = 0;
    guint i;

    for (i = 0; i < seen->len; i++) {
        const StormEvent *event = &g_array_index(seen, StormEvent, i);

        if (event->host == source && by_migration(event, VIR_DOMAIN_EVENT_SUSPENDED, strict))
            suspended = event->when;
        if (event->host == destination && suspended &&
            by_migration(event, VIR_DOMAIN_EVENT_RESUMED, strict))
            return event->when - suspended;
    }
    return -1;
}

/* Returns the downtime (ns) that the events @seen of one migration tell: from
 * the last time that it suspended the guest on the host @source to the first
 * resume on @destination after that. -1: they do not tell. */
gint64
storm_events_downtime(const GArray *seen, guint source, guint destination)
{
    gint64 downtime = find_downtime(seen, source, destination, true);

    return downtime >= 0 ? downtime : find_downtime(seen, source, destination, false);
}

/* Returns the name of a virDomainEventType as virsh has it; static. */
const char *
storm_event_name(int event)
{
    static const char *const names[] = {
        "Defined", "Undefined", "Started", "Suspended", "Resumed", "Stopped", "Shutdown",
        "PMSuspended", "Crashed",
    };

    return event >= 0 && event < (int)G_N_ELEMENTS(names) ? names[event] : "unknown";
}
