/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetStats(virConnectPtr conn,
                   virDomainObj *dom,
                   unsigned int stats,
                   virDomainStatsRecordPtr *record,
                   unsigned int flags)
{
    size_t i;

    demoBegin(record);

    for (i = 0; qemuDomainGetStatsWorkers[i].func; i++) {
        if (stats & qemuDomainGetStatsWorkers[i].stats) {
            if (qemuDomainGetStatsWorkers[i].func(conn->privateData, dom, params,
                                                  flags) < 0)
                return -1;
        }
    }

    return demoRecord(record);
}


static int
qemuConnectGetAllDomainStats(virConnectPtr conn,
                             unsigned int count,
                             unsigned int stats,
                             unsigned int flags)
{
    size_t i;

    for (i = 0; i < count; i++) {
        virDomainObj *vm = demoFind(conn, i);
        virDomainStatsRecordPtr tmp = NULL;
        unsigned int privflags = 0;
        unsigned int wanted = stats;
        unsigned int domflags = 0;
        int rc;

        if (flags & VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)
            domflags |= QEMU_DOMAIN_STATS_BACKING;

        demoLock(vm);

        if (qemuDomainGetStatsNeedMonitor(wanted))
            privflags |= QEMU_DOMAIN_STATS_HAVE_JOB;

        if (HAVE_JOB(privflags)) {
            if (demoBegin(vm, flags) == 0)
                domflags |= QEMU_DOMAIN_STATS_HAVE_JOB;
        }

        rc = qemuDomainGetStats(conn, vm, wanted, &tmp, domflags);

        if (HAVE_JOB(domflags))
            virDomainObjEndJob(vm);

        demoUnlock(vm);

        if (rc < 0)
            return -1;
    }

    return 0;
}
