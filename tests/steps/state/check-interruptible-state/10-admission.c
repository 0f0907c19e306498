/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static bool
virDomainNestedJobAllowed(virDomainJobObj *jobs,
                          virDomainJob newJob)
{
    return !jobs->asyncJob ||
           newJob == VIR_JOB_NONE ||
           (jobs->mask & JOB_MASK(newJob));
}


/* Asks about the mask alone. */
static bool
demoMaskHas(virDomainJobObj *jobs,
            virDomainJob newJob)
{
    return newJob == VIR_JOB_NONE ||
           (jobs->mask & JOB_MASK(newJob));
}
