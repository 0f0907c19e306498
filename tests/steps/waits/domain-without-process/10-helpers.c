/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
qemuDomainSaveStatus(virDomainObj *obj)
{
    if (virDomainObjIsActive(obj)) {
        if (virDomainObjSave(obj) < 0)
            VIR_WARN("Failed to save status");
    }
}


void
qemuDomainSaveConfig(virDomainObj *obj)
{
    if (virDomainObjIsActive(obj))
        save(obj);
}
