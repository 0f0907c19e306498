/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetStats(virConnectPtr conn,
                   virDomainObj *dom,
                   unsigned int stats,
                   virDomainStatsRecordPtr *record,
                   unsigned int flags,
                   long long deadline)
{
    int id = dom->def->id;
    int rc = demoGather(conn, dom, stats, flags, deadline);

    if (rc < 0)
        return -1;

    return demoRecord(record, id);
}


static int
qemuConnectGetAllDomainStats(virConnectPtr conn,
                             unsigned int count)
{
    virDomainStatsRecordPtr *tmpstats = demoRecords(count);
    int nstats = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        virDomainStatsRecordPtr tmp = NULL;

        if (demoGetOne(conn, i, &tmp) < 0)
            return -1;

        tmpstats[nstats++] = tmp;
    }

    return nstats;
}
