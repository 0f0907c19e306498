/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuMigrationSrcToFile(virQEMUDriver *driver,
                       virDomainObj *vm,
                       virCommand *compressor)
{
    if (compressor && virCommandWait(compressor, NULL) < 0)
        return -1;

    return demoSync(driver, vm);
}


/* Has no domain to open a window for. */
int
demoOther(virCommand *cmd)
{
    return virCommandWait(cmd, NULL);
}
