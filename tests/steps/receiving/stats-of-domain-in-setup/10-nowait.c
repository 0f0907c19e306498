/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuConnectGetAllDomainStats(virConnectPtr conn,
                             virDomainPtr *list,
                             unsigned int nlist,
                             unsigned int which,
                             virDomainStatsRecordPtr **retStats,
                             unsigned int flags)
{
    virDomainObj *vm = demoFind(conn, list, nlist);
    int rv;

    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
        rv = virDomainObjBeginJobNowait(vm, VIR_JOB_QUERY);
    else
        rv = virDomainObjBeginJob(vm, VIR_JOB_QUERY);

    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
        demoNowait(vm, which);

    return rv < 0 ? -1 : demoStats(vm, retStats);
}
