/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-events.h: lifecycle events of a domain on several hosts, on one clock
 */

#ifndef STORM_EVENTS_H
#define STORM_EVENTS_H

#include "storm-util.h"

typedef struct {
    gint64 when;  /* ns: when it reached this process */
    guint host;   /* index of the URI */
    int event;    /* virDomainEventType */
    int detail;
} StormEvent;

typedef struct StormEvents StormEvents;

bool storm_events_init(char **error);
StormEvents *storm_events_new(const char *const *uris, const unsigned char *uuid, char **error);
GArray *storm_events_since(StormEvents *events, gint64 since);
void storm_events_forget(StormEvents *events, gint64 before);
guint64 storm_events_lost(StormEvents *events);
void storm_events_free(StormEvents *events);
gint64 storm_events_downtime(const GArray *seen, guint source, guint destination);
const char *storm_event_name(int event);

#endif /* STORM_EVENTS_H */
