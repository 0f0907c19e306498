/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static void
processResetEvent(virQEMUDriver *driver,
                  virDomainObj *vm)
{
    if (demoBegin(vm) < 0)
        return;

    qemuProcessRefreshState(driver, vm);

    demoEnd(vm);
}


static void
processOtherEvent(virQEMUDriver *driver,
                  virDomainObj *vm)
{
    qemuProcessRefreshState(driver, vm);
}
