/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuDomainGetControlInfo(virDomainObj *vm,
                         int *state)
{
    qemuDomainObjPrivate *priv = vm->privateData;

    if (priv->monError) {
        *state = 2;
    } else if (vm->job->active) {
        *state = 1;
    } else {
        *state = 0;
    }

    return 0;
}


/* Asks about regular jobs alone. */
static int
demoState(virDomainObj *vm)
{
    qemuDomainObjPrivate *priv = vm->privateData;

    if (priv->monError) {
        return 2;
    } else if (vm->job->active) {
        return 1;
    } else {
        return 0;
    }
}
