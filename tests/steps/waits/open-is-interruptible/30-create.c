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


int
qemuSaveImageCreate(virQEMUDriver *driver,
                    virDomainObj *vm,
                    const char *path,
                    bool *needUnlink)
{
    g_autoptr(virQEMUDriverConfig) cfg = virQEMUDriverGetConfig(driver);
    int fd = -1;

    fd = virQEMUFileOpenAs(cfg->user, cfg->group, false, path,
                           O_CREAT | O_TRUNC | O_WRONLY,
                           needUnlink);
    if (fd < 0)
        return -1;

    return demoSave(vm, fd);
}


/* Opens a file with an owner of its own. */
int
demoOther(uid_t user,
          gid_t group,
          const char *path)
{
    return virQEMUFileOpenAs(user, group, true, path, O_RDONLY, NULL);
}
