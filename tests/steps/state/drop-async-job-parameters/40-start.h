/* SPDX-License-Identifier: LGPL-2.1-or-later */

int
qemuDomainCheckMonitor(virDomainObj *vm,
                       virDomainAsyncJob asyncJob,
                       unsigned int flags);

int
qemuConnectMonitor(virDomainObj *vm,
                   int arg2,
                   virDomainAsyncJob asyncJob,
                   unsigned int flags);

int
qemuProcessLaunch(virDomainObj *vm,
                  int arg2,
                  int arg3,
                  virDomainAsyncJob asyncJob,
                  unsigned int flags);

int
demoTells(virDomainObj *vm,
          virDomainAsyncJob asyncJob);
