/* SPDX-License-Identifier: LGPL-2.1-or-later */

static int
qemuDomainInterfaceStats(virDomainPtr dom)
{
    virDomainObj *vm;
    int ret = -1;

    if (virDomainObjCheckActive(vm) < 0)
        goto cleanup;

    ret = 0;
 cleanup:
    return ret;
}


static int
qemuDomainGetInfo(virDomainPtr dom)
{
    virDomainObj *vm;

    if (virDomainObjIsActive(vm))
        read(vm->pid);

    return 0;
}


static char *
qemuDomainGetSchedulerType(virDomainPtr dom)
{
    virDomainObj *vm;

    if (!virDomainObjIsActive(vm))
        return g_strdup("posix");

    return NULL;
}


static int
qemuDomainGetMemoryParameters(virDomainPtr dom)
{
    virDomainObj *vm = NULL;
    qemuDomainObjPrivate *priv = vm->privateData;
    int ret = -1;

    if (persistentDef) {
        read(persistentDef);
    } else {
        if (!virCgroupHasController(priv->cgroup, VIR_CGROUP_CONTROLLER_MEMORY)) {
            virReportError(VIR_ERR_OPERATION_INVALID,
                           "%s", _("cgroup memory controller is not mounted"));
            goto cleanup;
        }
    }

    ret = 0;
 cleanup:
    return ret;
}


static int
qemuDomainSetMemoryParameters(virDomainPtr dom)
{
    virDomainObj *vm = NULL;
    qemuDomainObjPrivate *priv = vm->privateData;
    int ret = -1;

    if (virDomainObjCheckActive(vm) < 0)
        goto cleanup;

    if (!virCgroupHasController(priv->cgroup, VIR_CGROUP_CONTROLLER_MEMORY)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       "%s", _("cgroup memory controller is not mounted"));
        goto cleanup;
    }

    ret = 0;
 cleanup:
    return ret;
}


static int
qemuDomainGetVcpus(virVcpuInfoPtr infos, int n, unsigned char *maps, int len)
{
    virDomainObj *vm = find();
    int ret = -1;

    if (!virDomainObjIsActive(vm)) {
        report("off");
        goto done;
    }

    ret = qemuDomainHelperGetVcpus(vm, infos, NULL, NULL, n, maps, len);

 done:
    return ret;
}
