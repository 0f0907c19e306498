/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuSnapshotFSFreeze(virDomainObj *vm)
{
    return demoFreeze(vm);
}


static int
qemuSnapshotFSThaw(virDomainObj *vm)
{
    return demoThaw(vm);
}


static int
qemuSnapshotCreateActiveExternal(virDomainObj *vm)
{
    if (virDomainObjBeginAgentJob(vm, VIR_AGENT_JOB_MODIFY) < 0)
        return -1;

    qemuSnapshotFSFreeze(vm);
    virDomainObjEndAgentJob(vm);

    if (demoFrozen(vm) &&
        virDomainObjBeginAgentJob(vm, VIR_AGENT_JOB_MODIFY) < 0) {
        return -1;
    }

    return 0;
}


/* Owns no async job. */
static int
demoAgentCommand(virDomainObj *vm)
{
    return virDomainObjBeginAgentJob(vm, VIR_AGENT_JOB_QUERY);
}
