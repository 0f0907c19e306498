/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-schedule.c: when each query of a client is to be sent
 *
 * Pure arithmetic, for any thread.
 */

#include "storm-schedule.h"

#include <math.h>

/* Returns the schedule of @client (from 0) of @clients, each of which sends
 * @rate queries per second from @start (ns) on; their queries are spread
 * evenly over the time between two queries of one client. */
StormSchedule
storm_schedule_of_client(gint64 start, double rate, guint client, guint clients)
{
    StormSchedule schedule = { start, rate };

    if (rate > 0)
        schedule.first += (gint64)(1e9 / rate * client / clients);
    return schedule;
}

/* Returns the time (ns) at which query @number (from 0) is due. The schedule
 * must have a rate. */
gint64
storm_schedule_time(const StormSchedule *schedule, guint64 number)
{
    return schedule->first + (gint64)(number * (1e9 / schedule->rate));
}

/* Returns how many queries are due before the time @until (ns); those have the
 * numbers from 0 to one less. Without a rate, that is none. */
guint64
storm_schedule_due(const StormSchedule *schedule, gint64 until)
{
    guint64 number;

    if (schedule->rate <= 0 || until <= schedule->first)
        return 0;
    number = (guint64)ceil((until - schedule->first) * schedule->rate / 1e9);
    while (number > 0 && storm_schedule_time(schedule, number - 1) >= until)
        number--;
    while (storm_schedule_time(schedule, number) < until)
        number++;
    return number;
}
