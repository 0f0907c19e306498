/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

/**
 * qemuDomainOpenFile:
 * @def: domain definition
 */
int
qemuDomainOpenFile(virQEMUDriverConfig *cfg,
                   const virDomainDef *def,
                   const char *path)
{
    gid_t group = cfg->group;
    uid_t user = cfg->user;
    virSecurityLabelDef *seclabel;

    if (def &&
        (seclabel = virDomainDefGetSecurityLabelDef(def, "dac")) != NULL &&
        seclabel->label != NULL &&
        (virParseOwnershipIds(seclabel->label, &user, &group) < 0))
        return -EINVAL;

    return demoOpen(user, group, path);
}
