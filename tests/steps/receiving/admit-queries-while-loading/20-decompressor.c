/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuSaveImageDecompressionStop(virDomainObj *vm,
                               virCommand *cmd,
                               bool started,
                               const char *path)
{
    int rc = 0;

    if (!started)
        demoKill(cmd);

    rc = qemuDomainObjWaitCommand(vm, cmd);
    demoLog(path);

    return rc;
}
