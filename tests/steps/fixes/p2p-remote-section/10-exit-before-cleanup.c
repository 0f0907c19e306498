/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuMigrationSrcPerformPeer2Peer(virDomainObj *vm)
{
    int ret = -1;
    bool one;
    int rc;

    qemuDomainObjEnterRemote(vm);
    rc = demoAsk(vm, 1);
    if (rc < 0)
        goto cleanup;
    one = rc == 1;
    rc = demoAsk(vm, 2);
    if (rc < 0)
        goto cleanup;
    if (qemuDomainObjExitRemote(vm, !one) < 0)
        goto cleanup;

    /* Outside of the section. */
    rc = demoAsk(vm, 3);
    if (rc < 0)
        goto cleanup;

    ret = 0;

 cleanup:
    demoClose(vm);
    return ret;
}
