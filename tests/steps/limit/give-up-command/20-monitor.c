/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
qemuMonitorDispose(void *obj)
{
    qemuMonitor *mon = obj;

    virCondDestroy(&mon->notify);
    g_free(mon->buffer);
    g_free(mon->domainName);
}


static int
qemuMonitorIOProcess(qemuMonitor *mon)
{
    return demoProcess(mon);
}


static int
qemuMonitorIOWrite(qemuMonitor *mon)
{
    int done;
    size_t len;

    if (!mon->msg)
        return 0;

    len = mon->msg->txLength - mon->msg->txOffset;
    done = demoWrite(mon, len);
    return done;
}


void
qemuMonitorRegister(qemuMonitor *mon)
{
    int cond = 0;

    if ((mon->msg && mon->msg->txOffset < mon->msg->txLength) &&
        !mon->waitGreeting)
        cond |= DEMO_OUT;

    demoRegister(mon, cond);
}


void
qemuMonitorResetCommandID(qemuMonitor *mon)
{
    demoReset(mon);
}


int
qemuMonitorSend(qemuMonitor *mon,
                qemuMonitorMessage *msg)
{
    int ret = -1;

    if (mon->goteof)
        return -1;

    mon->msg = msg;

    while (!mon->msg->finished) {
        if (virCondWait(&mon->notify, &mon->parent.lock) < 0) {
            demoReport(mon);
            goto cleanup;
        }
    }

    ret = 0;

 cleanup:
    mon->msg = NULL;
    return ret;
}
