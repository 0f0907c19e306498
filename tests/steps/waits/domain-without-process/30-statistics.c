/* SPDX-License-Identifier: LGPL-2.1-or-later */

static int
qemuDomainGetResctrlMonData(virQEMUDriver *driver,
                            virDomainObj *dom)
{
    char **features = NULL;

    if (!features || !*features)
        return 0;

    return 1;
}


static int
qemuDomainGetStatsCpuProc(virDomainObj *vm,
                          virTypedParamList *params)
{
    unsigned long long cpuTime = 0;

    if (virProcessGetStatInfo(&cpuTime, NULL, NULL,
                              NULL, NULL, vm->pid, 0) < 0) {
        /* ignore error */
        return 0;
    }

    return 0;
}


static int
qemuDomainGetStatsOther(virDomainObj *vm)
{
    unsigned long long cpuTime = 0;

    if (virProcessGetStatInfo(&cpuTime, NULL, NULL,
                              NULL, NULL, vm->pid, 0) < 0) {
        return 0;
    }

    return 1;
}
