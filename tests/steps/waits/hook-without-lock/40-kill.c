/* SPDX-License-Identifier: LGPL-2.1-or-later */

int
qemuProcessKill(virDomainObj *vm, unsigned int flags)
{
    qemuDomainObjPrivate *priv = vm->privateData;
    pid_t pid = vm->pid;

    if (vm->pid == pid && virProcessKill(pid, 0) < 0 && errno == ESRCH)
        priv->processGone = true;

    if (vm->pid == pid && virProcessKill(pid, 0) < 0)
        return -1;

    return 0;
}
