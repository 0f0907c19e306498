/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-interval.h: what the queries of each second come to
 */

#ifndef STORM_INTERVAL_H
#define STORM_INTERVAL_H

#include "storm-client.h"

typedef struct StormIntervals StormIntervals;

StormIntervals *storm_intervals_new(const char *rows, const char *histograms, gint64 length,
                                    const GPtrArray *hosts, char **error);
void storm_intervals_start(StormIntervals *intervals, gint64 start);
void storm_intervals_tick(StormIntervals *intervals);
void storm_intervals_finish(StormIntervals *intervals, gint64 end);
bool storm_intervals_close(StormIntervals *intervals, char **error);

#endif /* STORM_INTERVAL_H */
