/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-heartbeat.h: a heartbeat that the guest writes, on our clock
 */

#ifndef STORM_HEARTBEAT_H
#define STORM_HEARTBEAT_H

#include "storm-util.h"

/* What was heard of the guest over some time */
typedef struct {
    guint beats;
    gint64 interval;    /* median of the times between two beats (ns), or 0 */
    gint64 silence;     /* the longest of them; also the one still going on */
} StormPulse;

typedef struct StormHeartbeat StormHeartbeat;

StormHeartbeat *storm_heartbeat_new(const char *path, const char *prefix, char **error);
void storm_heartbeat_free(StormHeartbeat *heartbeat);
void storm_heartbeat_forget(StormHeartbeat *heartbeat, gint64 before);
void storm_heartbeat_between(StormHeartbeat *heartbeat, gint64 from, gint64 to,
                             StormPulse *pulse);

#endif /* STORM_HEARTBEAT_H */
