/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-report.h: what is shown while it runs, and the tables
 */

#ifndef STORM_REPORT_H
#define STORM_REPORT_H

#include "storm-run.h"

void storm_report_status(StormRun *run, const StormRound *round, int progress);
void storm_report_clear_status(void);
void storm_report_round_header(void);
void storm_report_round(StormRun *run, const StormRound *round);
void storm_report_summary(StormRun *run);
gint64 storm_median_downtime(const StormRun *run);

#endif /* STORM_REPORT_H */
