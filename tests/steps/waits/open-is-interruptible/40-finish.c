/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuSaveImageCreate(virQEMUDriver *driver,
                    virDomainObj *vm,
                    const char *path,
                    virQEMUSaveData *data)
{
    g_autoptr(virQEMUDriverConfig) cfg = virQEMUDriverGetConfig(driver);
    int ret = -1;
    int fd = -1;

    if (demoWrite(vm, path, data) < 0)
        goto cleanup;

    if ((fd = qemuDomainOpenFile(cfg, vm->def, path, O_WRONLY, NULL)) < 0 ||
        virQEMUSaveDataFinish(data, &fd, path) < 0)
        goto cleanup;

    demoTell(vm, path);
    ret = 0;

 cleanup:
    VIR_FORCE_CLOSE(fd);

    return ret;
}
