/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Both are named with kind and age. */
int
virDomainObjBeginJobInternal(virDomainObj *obj,
                             virDomainJobObj *jobObj,
                             virDomainJob job,
                             virDomainAgentJob agentJob)
{
    if (job) {
        if (virDomainAsyncJobAllows(jobObj, job))
            blocker = jobObj->ownerAPI;
        else
            blocker = jobObj->asyncOwnerAPI;
    }

    if (agentJob)
        agentBlocker = jobObj->agentOwnerAPI;

    report(blocker, agentBlocker);
    return -1;
}

/* Somebody else's, who has no such variables */
void
show(virDomainJobObj *jobObj)
{
    const char *blocker = jobObj->ownerAPI;

    print(blocker, jobObj->asyncOwnerAPI);
}
