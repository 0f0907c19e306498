/* SPDX-License-Identifier: LGPL-2.1-or-later */

int
qemuDomainGetMigrationBlockers(virDomainObj *vm,
                               virDomainAsyncJob asyncJob,
                               unsigned int flags);

int
qemuMigrationSrcContinue(virDomainObj *vm,
                         int arg2,
                         virDomainAsyncJob asyncJob,
                         unsigned int flags);

int
qemuMigrationDstComplete(virDomainObj *vm,
                         int arg2,
                         int arg3,
                         virDomainAsyncJob asyncJob,
                         unsigned int flags);

int
demoTells(virDomainObj *vm,
          virDomainAsyncJob asyncJob);
