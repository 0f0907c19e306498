/*
 * virdomainjobmock.h: what virdomainjobmock asks virdomainjobtest
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "virthread.h"

/* Whether the test decides when a wait for @c ends */
bool testIsJobCond(virCond *c);

/* Waits for @c, with a @deadline unless it is 0. */
int testWaitForJobCond(virCond *c, virMutex *m, unsigned long long deadline);

/* Wakes up the threads which wait for @c, or one of them. */
void testWakeJobCond(virCond *c, bool all);

/* Whether the test has a clock of its own, and what it says */
bool testGetTime(unsigned long long *now);
