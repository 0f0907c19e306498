/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuDomainObjPrivateXMLParseJob(virDomainObj *vm)
{
    g_autofree char *tmp = NULL;

    if ((tmp = demoRead("type"))) {
        int type;

        if ((type = virDomainJobTypeFromString(tmp)) < 0) {
            demoReport("unknown job type", tmp);
            return -1;
        }
        vm->job->active = type;
    }

    if ((tmp = demoRead("async"))) {
        int async;

        if ((async = virDomainAsyncJobTypeFromString(tmp)) < 0) {
            demoReport("unknown async job type", tmp);
            return -1;
        }
        vm->job->asyncJob = async;
    }

    return 0;
}
