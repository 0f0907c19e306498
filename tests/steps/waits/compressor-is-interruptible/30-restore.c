/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuSaveImageStartVM(virConnectPtr conn,
                     virDomainObj *vm,
                     int fd)
{
    g_autoptr(virCommand) cmd = demoCommand(fd);
    int rc = demoStart(conn, vm);

    if (cmd) {
        if (rc < 0)
            demoClose(fd);

        if (virCommandWait(cmd, NULL) < 0)
            rc = -1;
    }

    return rc;
}


/* Has no domain to open a window for. */
int
demoOther(virCommand *cmd)
{
    return virCommandWait(cmd, NULL);
}
