/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-judge.h: whether a run went as it must
 */

#ifndef STORM_JUDGE_H
#define STORM_JUDGE_H

#include "storm-run.h"

void storm_judge_pending(StormRun *run);
void storm_judge_whereabouts(StormRun *run, const StormRound *round);
void storm_judge_errors(StormRun *run);
void storm_judge_gates(StormRun *run);
void storm_judge_answers(StormRun *run);

#endif /* STORM_JUDGE_H */
