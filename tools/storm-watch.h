/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-watch.h: migrations that others start, from the events of their hosts
 */

#ifndef STORM_WATCH_H
#define STORM_WATCH_H

#include "storm-events.h"

#define STORM_NOWHERE (-1)

/* A migration as far as events tell of it */
typedef struct {
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *name;             /* of the domain */
    int source;             /* index of the host, or STORM_NOWHERE: not known */
    int destination;
    gint64 start;           /* ns: its first event ... */
    gint64 last;            /* ... and its last */
    gint64 suspended;       /* 0: not yet */
    gint64 downtime;        /* ns; -1: not known */
    bool resumed;           /* on the destination */
    bool stopped;           /* on the source */
    const char *error;      /* why it has failed, static and not translated, or NULL */
    GArray *events;         /* of StormEvent */
    gpointer opaque;        /* the user's */
} StormMove;

/* An event of any domain */
typedef struct {
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *name;
    StormEvent event;       /* STORM_EVENT_PASS: a pass over the memory begins */
} StormWatchEvent;

#define STORM_EVENT_PASS 1000

/* A migration has been seen to begin, or to end; it is freed after the latter. */
typedef void (*StormMoveVisit)(StormMove *move, gpointer opaque);

typedef struct {
    StormMoveVisit begun;
    StormMoveVisit ended;
    gpointer opaque;
    gint64 timeout;         /* ns: one without an event for so long has ended unseen */
} StormWatchUser;

typedef struct StormWatch StormWatch;

StormWatch *storm_watch_new(const char *const *uris, const char *domain,
                            const StormWatchUser *user, char **error);
bool storm_watch_stop(StormWatch *watch, gint64 timeout);
void storm_watch_free(StormWatch *watch);
void storm_watch_poll(StormWatch *watch);
void storm_watch_feed(StormWatch *watch, const StormWatchEvent *event);
void storm_watch_expire(StormWatch *watch, gint64 now);
void storm_watch_end(StormWatch *watch);
guint storm_watch_open(const StormWatch *watch);
guint64 storm_watch_gaps(StormWatch *watch);

#endif /* STORM_WATCH_H */
