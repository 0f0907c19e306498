/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetStatsCpuProc(virDomainObj *vm,
                          virTypedParamList *params)
{
    return demoCpu(vm, params);
}


static int
qemuDomainGetStatsCpuHaltPollTimeFromStats(virDomainObj *dom,
                                           unsigned int privflags,
                                           unsigned long long *success)
{
    if (!demoHas(dom))
        return -1;

    if (!HAVE_JOB(privflags))
        return -1;

    return demoAsk(dom, success);
}


static int
qemuDomainGetStatsVcpu(virQEMUDriver *driver,
                       virDomainObj *dom,
                       virTypedParamList *params,
                       unsigned int privflags)
{
    if (HAVE_JOB(privflags) && virDomainObjIsActive(dom))
        demoRefresh(dom);

    if (HAVE_JOB(privflags) && qemuDomainRefreshStatsSchema(dom) == 0)
        demoAskAll(dom, params);

    return 0;
}
