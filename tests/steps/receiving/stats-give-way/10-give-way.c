/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetStats(virConnectPtr conn,
                   virDomainObj *dom,
                   unsigned int stats,
                   virDomainStatsRecordPtr *record,
                   unsigned int flags)
{
    g_autoptr(virTypedParamList) params = demoParams();
    size_t i;

    for (i = 0; qemuDomainGetStatsWorkers[i].func; i++) {
        if (stats & qemuDomainGetStatsWorkers[i].stats) {
            if (qemuDomainGetStatsWorkers[i].func(conn->privateData, dom, params,
                                                  flags) < 0)
                return -1;
        }
    }

    return demoRecord(record, params);
}


static int
qemuConnectGetAllDomainStats(virConnectPtr conn,
                             virDomainObj *vm,
                             unsigned int stats,
                             unsigned int flags)
{
    virDomainStatsRecordPtr tmp;
    unsigned int domflags = 0;
    int rc;

    if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)
        domflags |= QEMU_DOMAIN_STATS_BACKING;

    demoLock(vm);

    rc = qemuDomainGetStats(conn, vm, stats, &tmp, domflags);

    demoUnlock(vm);
    return rc;
}
