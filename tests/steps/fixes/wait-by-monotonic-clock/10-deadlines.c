/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

#define VIR_JOB_WAIT_TIME (1000ull * 30)
#define VZ_JOB_WAIT_TIME (1000 * 30)

int
virDomainObjBeginJobInternal(virDomainObj *obj,
                             bool nowait)
{
    unsigned long long now = 0;
    unsigned long long then = 0;

    demoDebug("starting");

    if (virTimeMillisNow(&now) < 0)
        return -1;

    demoCount(obj);
    then = now + VIR_JOB_WAIT_TIME;

    if (!nowait && virCondWaitUntil(&obj->cond, &obj->lock, then) < 0)
        goto error;

    ignore_value(virTimeMillisNow(&now));
    obj->started = now;
    return 0;

 error:
    ignore_value(virTimeMillisNow(&now));
    return -1;
}

static int
qemuAgentSend(demoAgent *agent,
              int seconds)
{
    unsigned long long then = 0;

    if (seconds > DEMO_BLOCK) {
        unsigned long long now;
        if (virTimeMillisNow(&now) < 0)
            return -1;
        if (seconds == DEMO_DEFAULT)
            seconds = DEMO_WAIT_TIME;
        then = now + seconds * 1000ull;
    }

    return demoWait(agent, then);
}

static int
qemuHotplugWaitForTrayEject(virDomainObj *vm,
                            demoDisk *disk)
{
    unsigned long long now;
    int rc;

    if (virTimeMillisNow(&now) < 0)
        return -1;

    while (!disk->open) {
        if ((rc = virDomainObjWaitUntil(vm, now + CHANGE_MEDIA_TIMEOUT)) < 0)
            return -1;
        if (rc > 0)
            return -1;
    }

    return 0;
}

static int
qemuDomainWaitForDeviceRemoval(virDomainObj *vm)
{
    unsigned long long until;

    if (virTimeMillisNow(&until) < 0)
        return 1;
    until += qemuDomainGetUnplugTimeout(vm);

    return virDomainObjWaitUntil(vm, until);
}

int
vzDomainObjBeginJob(virDomainObj *dom)
{
    unsigned long long now;
    unsigned long long then;

    if (virTimeMillisNow(&now) < 0)
        return -1;
    then = now + VZ_JOB_WAIT_TIME;

    if (virCondWaitUntil(&dom->cond, &dom->lock, then) < 0)
        return -1;

    if (virTimeMillisNow(&now) < 0)
        return -1;

    dom->started = now;
    return 0;
}

int
demoOther(virDomainObj *dom)
{
    unsigned long long now;

    if (virTimeMillisNow(&now) < 0)
        return -1;

    dom->started = now + VIR_JOB_WAIT_TIME;
    return 0;
}
