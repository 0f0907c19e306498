/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
qemuTPMEmulatorRunSetup(const char *path,
                        const char *vmname,
                        const unsigned char *vmuuid,
                        bool privileged)
{
    g_autoptr(virCommand) cmd = NULL;
    char uuid[VIR_UUID_STRING_BUFLEN];
    g_autofree char *vmid = NULL;
    int exitstatus;

    cmd = demoCommand(path);
    virUUIDFormat(vmuuid, uuid);
    vmid = g_strdup_printf("%s:%s", vmname, uuid);
    virCommandAddArg(cmd, vmid);

    if (virCommandRun(cmd, &exitstatus) < 0 || exitstatus != 0) {
        demoFail(exitstatus);
        return -1;
    }

    return 0;
}


static int
qemuTPMEmulatorReconfigure(const char *path,
                           uid_t user)
{
    g_autoptr(virCommand) cmd = demoCommand(path);
    int exitstatus;

    if (virCommandRun(cmd, &exitstatus) < 0 || exitstatus != 0)
        return -1;

    return 0;
}


static int
qemuTPMEmulatorUpdateProfileName(virDomainTPMDef *tpm,
                                 virDomainTPMDef *persistentTPMDef)
{
    return demoProfile(tpm, persistentTPMDef);
}


static virCommand *
qemuTPMEmulatorBuildCommand(virDomainTPMDef *tpm,
                            virDomainTPMDef *persistentTPMDef,
                            const char *vmname,
                            const unsigned char *vmuuid,
                            bool privileged,
                            bool incomingMigration)
{
    bool created = false;
    bool run_setup = false;

    if (demoCreate(tpm, &created) < 0)
        return NULL;
    run_setup = created;

    if (run_setup &&
        qemuTPMEmulatorRunSetup(tpm->path, vmname, vmuuid,
                                privileged) < 0)
        return NULL;

    if (run_setup && !incomingMigration && persistentTPMDef &&
        qemuTPMEmulatorUpdateProfileName(tpm, persistentTPMDef) < 0)
        return NULL;

    if (!incomingMigration &&
        qemuTPMEmulatorReconfigure(tpm->path, 0) < 0)
        return NULL;

    return demoCommand(tpm->path);
}


static int
qemuTPMEmulatorStart(virDomainObj *vm,
                     virDomainTPMDef *tpm,
                     virDomainTPMDef *persistentTPMDef,
                     bool incomingMigration)
{
    g_autoptr(virCommand) cmd = NULL;

    if (!(cmd = qemuTPMEmulatorBuildCommand(tpm, persistentTPMDef,
                                            vm->def->name, vm->def->uuid,
                                            true,
                                            incomingMigration)))
        return -1;

    return virCommandRun(cmd, NULL);
}


int
qemuExtTPMStart(virQEMUDriver *driver,
                virDomainObj *vm,
                virDomainTPMDef *tpm,
                virDomainTPMDef *persistentTPMDef,
                bool incomingMigration)
{
    return qemuTPMEmulatorStart(vm, tpm, persistentTPMDef,
                                incomingMigration);
}


int
qemuExtDevicesStart(virQEMUDriver *driver,
                    virDomainObj *vm,
                    bool incomingMigration)
{
    virDomainDef *persistentDef = vm->newDef;
    virDomainDef *def = vm->def;
    size_t i;

    for (i = 0; i < def->ntpms; i++) {
        virDomainTPMDef *tpm = def->tpms[i];
        virDomainTPMDef *persistentTPMDef = NULL;

        if (persistentDef) {
            if (persistentDef->ntpms == def->ntpms)
                persistentTPMDef = persistentDef->tpms[i];
        }

        if (tpm->type == VIR_DOMAIN_TPM_TYPE_EMULATOR &&
            qemuExtTPMStart(driver, vm, tpm, persistentTPMDef,
                            incomingMigration) < 0)
            return -1;
    }

    return 0;
}
