/* SPDX-License-Identifier: LGPL-2.1-or-later */

static int
qemuProcessStartHook(virQEMUDriver *driver, virDomainObj *vm, int op, int subop)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    char *xml = format(driver, priv, vm->def);
    int ret;

    if (!xml)
        return -1;

    ret = virHookCall(VIR_HOOK_DRIVER_QEMU, vm->def->name, op, subop,
                      NULL, xml, NULL);

    return ret;
}


static int
qemuProcessOtherHook(virDomainObj *vm)
{
    int ret;

    ret = virHookCall(VIR_HOOK_DRIVER_QEMU, vm->def->name, 1, 0,
                      NULL, NULL, NULL);

    return ret;
}
