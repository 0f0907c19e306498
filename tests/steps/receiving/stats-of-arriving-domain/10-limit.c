/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetStatsBeginJob(virDomainObj *dom,
                           unsigned int flags)
{
    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
        return virDomainObjBeginJobNowait(dom, VIR_JOB_QUERY);

    if (demoIsDying(dom))
        return -1;

    return virDomainObjBeginJob(dom, VIR_JOB_QUERY);
}


static int
qemuDomainGetStatsGroups(virDomainObj *dom,
                         unsigned int privflags,
                         bool giveWay,
                         size_t *next)
{
    size_t i;

    for (i = *next; i < DEMO_GROUPS; i++) {
        if (i > *next && HAVE_JOB(privflags)) {
            if (giveWay && dom->job->asyncJob &&
                !virDomainAsyncJobIsInterruptible(dom->job)) {
                *next = i;
                return 1;
            }
        }

        demoGroup(dom, i);
    }

    return 0;
}


static int
qemuDomainGetStats(virConnectPtr conn,
                   virDomainObj *dom,
                   unsigned int stats,
                   virDomainStatsRecordPtr *record,
                   unsigned int flags)
{
    int id = dom->def->id;
    size_t next = 0;
    int rc;

    do {
        bool haveJob = stats && qemuDomainGetStatsBeginJob(dom, flags) == 0;

        rc = qemuDomainGetStatsGroups(conn->privateData, dom, stats, demoParams(), id,
                                      haveJob, &next);
    } while (rc == 1);

    return demoRecord(record);
}


static int
qemuConnectGetAllDomainStats(virConnectPtr conn,
                             virDomainPtr *doms,
                             unsigned int ndoms,
                             unsigned int stats,
                             unsigned int flags)
{
    virErrorPtr orig_err = NULL;
    virDomainStatsRecordPtr tmp = NULL;

    if (qemuDomainGetStats(conn, demoFind(doms, ndoms), stats, &tmp, flags) < 0)
        return -1;

    return demoKeep(tmp);
}
