/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-check.h: whether an answer to domstats is what it must be
 */

#ifndef STORM_CHECK_H
#define STORM_CHECK_H

#include "storm-util.h"

/* What an answer for the active domain looks like; any thread may read it */
typedef struct StormShape StormShape;

StormShape *storm_shape_learn(virDomainPtr domain, char **error);
void storm_shape_free(StormShape *shape);
bool storm_stats_off(const virDomainStatsRecord *record);
char *storm_shape_check(const StormShape *shape, const virDomainStatsRecord *record);

#endif /* STORM_CHECK_H */
