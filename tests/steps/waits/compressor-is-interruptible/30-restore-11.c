/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuSaveImageDecompressionStop(virCommand *cmd,
                               int *fd,
                               bool started)
{
    int rc = 0;

    if (!started)
        demoClose(fd);

    rc = virCommandWait(cmd, NULL);
    demoSay(rc);

    return rc;
}


int
demoRestore(virDomainObj *vm, virCommand *cmd, int fd)
{
    int rc = demoStart(vm);

    if (qemuSaveImageDecompressionStop(cmd, &fd, rc == 0) < 0)
        return -1;

    return rc;
}


/* Has no domain to open a window for. */
int
demoOther(virCommand *cmd)
{
    return virCommandWait(cmd, NULL);
}
