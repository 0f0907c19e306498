/* SPDX-License-Identifier: LGPL-2.1-or-later */

int
qemuDomainObjWait(virDomainObj *vm)
{
    if (qemuDomainObjExitInterruptible(vm) < 0)
        return -1;

    return 0;
}


int
qemuDomainObjWaitCommand(virDomainObj *vm,
                         virCommand *cmd)
{
    int rc;

    qemuDomainObjEnterInterruptible(vm);
    rc = virCommandWait(cmd, NULL);
    if (qemuDomainObjExitInterruptible(vm) < 0)
        return -1;

    return rc;
}


int
qemuDomainFileWrapperFDClose(virDomainObj *vm,
                             virFileWrapperFd *fd)
{
    int ret = virFileWrapperFdClose(fd);

    if (!virDomainObjIsActive(vm)) {
        ret = -1;
    }

    return ret;
}


/* Has nothing to do with it */
int
demoWait(virDomainObj *vm)
{
    int rc = 0;

    if (qemuDomainObjExitInterruptible(vm) < 0)
        return -1;

    return rc;
}
