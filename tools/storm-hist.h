/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-hist.h: a histogram of latencies with three significant digits
 *
 * Values are nanoseconds. From STORM_HIST_LOWEST to STORM_HIST_HIGHEST a value
 * is told with an error of less than one thousandth of it; below, with one of
 * 8 ns. What is above goes to the last bucket and is counted as over. Minimum,
 * maximum and sum are exact, whatever the value.
 *
 * A histogram has no lock: its owner guards it.
 */

#ifndef STORM_HIST_H
#define STORM_HIST_H

#include <glib.h>

#define STORM_HIST_LOWEST  G_GINT64_CONSTANT(10000)
#define STORM_HIST_HIGHEST G_GINT64_CONSTANT(120000000000)

#define STORM_HIST_UNIT 8

typedef struct StormHist StormHist;

/* @highest: largest value that counts like those of the bucket */
typedef void (*StormHistVisit)(gint64 highest, guint64 count, gpointer opaque);

StormHist *storm_hist_new(void);
void storm_hist_free(StormHist *hist);
void storm_hist_reset(StormHist *hist);
void storm_hist_add(StormHist *hist, gint64 ns);
void storm_hist_merge(StormHist *hist, const StormHist *from);
guint64 storm_hist_count(const StormHist *hist);
guint64 storm_hist_over(const StormHist *hist);
gint64 storm_hist_min(const StormHist *hist);
gint64 storm_hist_max(const StormHist *hist);
double storm_hist_mean(const StormHist *hist);
gint64 storm_hist_percentile(const StormHist *hist, double percent);
guint storm_hist_index(gint64 ns);
gint64 storm_hist_largest(void);
void storm_hist_foreach(const StormHist *hist, StormHistVisit visit, gpointer opaque);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(StormHist, storm_hist_free)

#endif /* STORM_HIST_H */
