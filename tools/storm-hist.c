/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-hist.c: a histogram of latencies with three significant digits
 *
 * The layout is that of Gil Tene's HdrHistogram, for which Debian 12 has no C
 * library. Values count in units of 8 ns. The first 2048 buckets are a unit
 * wide each; after those, each doubling of the value has 1024 buckets, so that
 * none is wider than 1/1024 of the values in it.
 */

#include "storm-hist.h"

#include <math.h>
#include <string.h>

#define UNIT_BITS 3             /* 8 ns */
#define LINEAR_BITS 11          /* 2048 buckets a unit wide */
#define LINEAR (1u << LINEAR_BITS)
#define HALF (LINEAR / 2)       /* buckets of each doubling */
#define DOUBLINGS 23            /* 2048 * 8 ns * 2^23 is 137 s */
#define BUCKETS (LINEAR + DOUBLINGS * HALF)

struct StormHist {
    guint64 count;
    guint64 over;
    gint64 min;
    gint64 max;
    double sum;
    guint64 bucket[BUCKETS];
};

/* Returns the bucket of the value @ns, from 0 to STORM_HIST_HIGHEST. */
static guint
bucket_of(gint64 ns)
{
    guint64 units = (guint64)ns >> UNIT_BITS;
    guint shift;

    if (units < LINEAR)
        return units;
    /* number of bits that must go until the value has LINEAR_BITS */
    shift = 64 - LINEAR_BITS - __builtin_clzll(units);
    return LINEAR + (shift - 1) * HALF + ((units >> shift) - HALF);
}

/* Returns the largest value (ns) of the bucket @index. */
static gint64
highest_of(guint index)
{
    guint shift = 0;
    guint64 units = index;

    if (index >= LINEAR) {
        shift = (index - LINEAR) / HALF + 1;
        units = (index - LINEAR) % HALF + HALF;
    }
    return (gint64)(((units + 1) << (shift + UNIT_BITS)) - 1);
}

/* Returns an empty histogram, to be freed with storm_hist_free(). */
StormHist *
storm_hist_new(void)
{
    return g_new0(StormHist, 1);
}

/* @hist may be NULL. */
void
storm_hist_free(StormHist *hist)
{
    g_free(hist);
}

/* Forgets all values. */
void
storm_hist_reset(StormHist *hist)
{
    memset(hist, 0, sizeof(*hist));
}

/* Adds one value; a negative one counts as 0. */
void
storm_hist_add(StormHist *hist, gint64 ns)
{
    ns = MAX(ns, 0);
    if (!hist->count || ns < hist->min)
        hist->min = ns;
    hist->max = MAX(hist->max, ns);
    hist->count++;
    hist->sum += ns;
    if (ns > STORM_HIST_HIGHEST) {
        hist->over++;
        hist->bucket[BUCKETS - 1]++;
    } else {
        hist->bucket[bucket_of(ns)]++;
    }
}

/* Adds all values of @from. */
void
storm_hist_merge(StormHist *hist, const StormHist *from)
{
    guint i;

    if (!from->count)
        return;
    hist->min = hist->count ? MIN(hist->min, from->min) : from->min;
    hist->max = MAX(hist->max, from->max);
    hist->count += from->count;
    hist->over += from->over;
    hist->sum += from->sum;
    for (i = 0; i < BUCKETS; i++)
        hist->bucket[i] += from->bucket[i];
}

/* Returns how many values there are. */
guint64
storm_hist_count(const StormHist *hist)
{
    return hist->count;
}

/* Returns how many of the values are above STORM_HIST_HIGHEST. */
guint64
storm_hist_over(const StormHist *hist)
{
    return hist->over;
}

/* Returns the smallest value in ns, 0 if there is none. */
gint64
storm_hist_min(const StormHist *hist)
{
    return hist->min;
}

/* Returns the largest value in ns, 0 if there is none. */
gint64
storm_hist_max(const StormHist *hist)
{
    return hist->max;
}

/* Returns the mean of the values in ns, 0 if there is none. */
double
storm_hist_mean(const StormHist *hist)
{
    return hist->count ? hist->sum / hist->count : 0;
}

/* Returns the value (ns) that @percent (0 to 100) of all values do not exceed,
 * 0 if there is none. It is the largest value of its bucket, so it is never
 * too small, and it never exceeds the maximum. */
gint64
storm_hist_percentile(const StormHist *hist, double percent)
{
    /* The tiny bit keeps, say, 99.9 % of 1000 values from becoming 1000. */
    double wanted = ceil(CLAMP(percent, 0, 100) / 100 * hist->count - 1e-6);
    guint64 seen = 0;
    guint i;

    if (!hist->count)
        return 0;
    wanted = MAX(wanted, 1);
    /* Those that are over lie in the last bucket; only the maximum is known. */
    if (wanted > (double)(hist->count - hist->over))
        return hist->max;
    for (i = 0; i < BUCKETS; i++) {
        seen += hist->bucket[i];
        if (seen >= wanted)
            return MIN(highest_of(i), hist->max);
    }
    return hist->max;
}

/* Returns which bucket the value @ns is in, from 0; one that is over is in the last. */
guint
storm_hist_index(gint64 ns)
{
    return MIN(bucket_of(MAX(ns, 0)), BUCKETS - 1);
}

/* Returns the largest value of the last bucket. */
gint64
storm_hist_largest(void)
{
    return highest_of(BUCKETS - 1);
}

/* Calls @visit for each bucket that is not empty, in ascending order. */
void
storm_hist_foreach(const StormHist *hist, StormHistVisit visit, gpointer opaque)
{
    guint i;

    for (i = 0; i < BUCKETS; i++) {
        if (hist->bucket[i])
            visit(highest_of(i), hist->bucket[i], opaque);
    }
}
