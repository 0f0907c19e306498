/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One wait with a limit for both. */
static int
qemuDomainGetStatsBeginJob(virDomainObj *dom,
                           unsigned int flags,
                           long long deadline)
{
    if (demoCannotWait(flags))
        return -1;

    if (qemuDomainObjIsArriving(dom)) {
        if (!(dom->job->mask & JOB_MASK(VIR_JOB_QUERY)))
            return -1;

        if (deadline > 0) {
            long long left = (deadline - g_get_monotonic_time()) / 1000;

            return virDomainObjBeginJobTimeout(dom, VIR_JOB_QUERY, MAX(left, 0));
        }
    }

    return virDomainObjBeginJob(dom, VIR_JOB_QUERY);
}
