/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-compare.h: two results beside each other
 */

#ifndef STORM_COMPARE_H
#define STORM_COMPARE_H

#include "storm-util.h"

/* A quantile of some values, and between what it lies with a confidence of 95 % */
typedef struct {
    double value;
    double least;
    double most;
} StormRange;

/* Values and how often each was seen, in ascending order of the values */
typedef struct {
    double value;
    guint64 count;
} StormCount;

bool storm_range_of(const GArray *counts, double share, StormRange *range);
bool storm_compare(const char *a, const char *b, char **error);

#endif /* STORM_COMPARE_H */
