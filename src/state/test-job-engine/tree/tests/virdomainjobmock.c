/*
 * virdomainjobmock.c: the waits and the clock of virdomainjobtest
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <config.h>

#include "virdomainjobmock.h"
#include "virmock.h"
#include "virtime.h"

static int (*real_virCondWait)(virCond *c, virMutex *m);
static int (*real_virCondWaitUntil)(virCond *c, virMutex *m, unsigned long long whenms);
static void (*real_virCondSignal)(virCond *c);
static void (*real_virCondBroadcast)(virCond *c);
static int (*real_virTimeMillisNow)(unsigned long long *now);

int
virCondWait(virCond *c, virMutex *m)
{
    if (testIsJobCond(c))
        return testWaitForJobCond(c, m, 0);

    VIR_MOCK_REAL_INIT(virCondWait);
    return real_virCondWait(c, m);
}

int
virCondWaitUntil(virCond *c, virMutex *m, unsigned long long whenms)
{
    if (testIsJobCond(c))
        return testWaitForJobCond(c, m, whenms);

    VIR_MOCK_REAL_INIT(virCondWaitUntil);
    return real_virCondWaitUntil(c, m, whenms);
}

void
virCondSignal(virCond *c)
{
    VIR_MOCK_REAL_INIT(virCondSignal);

    if (testIsJobCond(c))
        testWakeJobCond(c, false);
    else
        real_virCondSignal(c);
}

void
virCondBroadcast(virCond *c)
{
    VIR_MOCK_REAL_INIT(virCondBroadcast);

    if (testIsJobCond(c))
        testWakeJobCond(c, true);
    else
        real_virCondBroadcast(c);
}

int
virTimeMillisNow(unsigned long long *now)
{
    VIR_MOCK_REAL_INIT(virTimeMillisNow);
    return testGetTime(now) ? 0 : real_virTimeMillisNow(now);
}
