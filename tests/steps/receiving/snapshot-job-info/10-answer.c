/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetJobInfo(virDomainPtr dom,
                     virDomainJobInfoPtr info)
{
    return demoInfo(dom, info);
}


static int
qemuDomainGetJobStats(virDomainPtr dom,
                      bool completed)
{
    virDomainObj *vm = demoDomain(dom);
    int ret = -1;

    if (!completed && qemuDomainObjIsArriving(vm)) {
        ret = qemuDomainArrivingJobToParams(vm->job);
        goto cleanup;
    }

    ret = demoStats(vm);

 cleanup:
    return ret;
}
