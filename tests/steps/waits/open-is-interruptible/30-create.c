/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
doCoreDump(virQEMUDriver *driver,
           virDomainObj *vm,
           const char *path)
{
    g_autoptr(virQEMUDriverConfig) cfg = virQEMUDriverGetConfig(driver);
    bool needUnlink = false;
    int fd = -1;

    if ((fd = virQEMUFileOpenAs(cfg->user, cfg->group, false, path,
                             O_CREAT | O_TRUNC | O_WRONLY,
                             &needUnlink)) < 0)
        return -1;

    return demoDump(vm, fd);
}


/* Opens a file with an owner of its own. */
int
demoOther(uid_t user,
          gid_t group,
          const char *path)
{
    return virQEMUFileOpenAs(user, group, true, path, O_RDONLY, NULL);
}
