/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-schedule.h: when each query of a client is to be sent
 */

#ifndef STORM_SCHEDULE_H
#define STORM_SCHEDULE_H

#include <glib.h>

/* Query N is due at the time first + N / rate, whatever became of those before
 * it. @rate 0: no schedule, each query is due when the one before has ended. */
typedef struct {
    gint64 first; /* ns */
    double rate;  /* queries per second */
} StormSchedule;

StormSchedule storm_schedule_of_client(gint64 start, double rate, guint client, guint clients);
gint64 storm_schedule_time(const StormSchedule *schedule, guint64 number);
guint64 storm_schedule_due(const StormSchedule *schedule, gint64 until);

#endif /* STORM_SCHEDULE_H */
